/** Injects the process's `EventStore`. */
export const EVENT_STORE = Symbol('EventStore');
