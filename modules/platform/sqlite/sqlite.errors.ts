import { DomainError } from '#kernel/errors';

/** The store file cannot be used as it is. It was left untouched. The message names the cure. */
export class StoreUnusable extends DomainError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super('unavailable', code, message);
    this.cause = options?.cause;
  }
}

/** The store cannot take this write now; nothing of it was kept. */
export class WriteRefused extends DomainError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 'store-unavailable', message);
    this.cause = options?.cause;
  }
}

/** Says what SQLite or the file system has against using the file. */
export function unusable(path: string, error: unknown): StoreUnusable {
  if (error instanceof StoreUnusable) return error;
  const { errcode, code: fileCode } = error as { errcode?: number; code?: string };
  if (fileCode === 'EEXIST' || fileCode === 'ENOTDIR') {
    const message = `${path} cannot be: a part of its path is a file, not a folder. Name another PERDURE_DATA.`;
    return new StoreUnusable('store-read-only', message, { cause: error });
  }
  // The lowest byte of SQLite's extended codes is the plain one. The file system's own errors have none.
  const code = errcode === undefined ? CANNOT_OPEN : errcode & 0xff;
  const [name, cure] =
    code === BUSY || code === LOCKED
      ? ['store-locked', 'is in use by another process. Stop that process, or give this one another PERDURE_DATA.']
      : code === READ_ONLY || code === CANNOT_OPEN
        ? ['store-read-only', 'cannot be written. Give this user the right to write the file and its folder.']
        : code === FULL
          ? ['store-disk-full', 'cannot grow: the disk is full. Free some space, then start again.']
          : ['store-damaged', 'is damaged. Restore it from a backup.'];
  return new StoreUnusable(name, `${path} ${cure}`, { cause: error });
}

/** Result codes: https://www.sqlite.org/rescode.html. */
const [BUSY, LOCKED, READ_ONLY, FULL, CANNOT_OPEN] = [5, 6, 8, 13, 14];
