/** Injects the process's `ReadStore`. */
export const READ_STORE = Symbol('ReadStore');
