/** The only source of new ids. Tests hand in their own. */
export interface Ids {
  /** A new UUIDv7: later ids sort after earlier ones, so that indexes grow at their end. */
  next(): string;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Formats 16 bytes as a UUID. */
export function formatUuid(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += hex[bytes[i]!]!;
  }
  return text;
}

/** RFC 9562, section 5.7: 48 bits of Unix milliseconds, then randomness. */
export function uuidv7(unixMs: number, random: Uint8Array): string {
  const bytes = random.slice(0, 16);
  for (let i = 5, rest = unixMs; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return formatUuid(bytes);
}

/** RFC 9562, section 5.8: a UUID made of bytes of ours, such as a hash. */
export function uuidv8(digest: Uint8Array): string {
  const bytes = digest.slice(0, 16);
  bytes[6] = 0x80 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return formatUuid(bytes);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * The id of the n-th event of a command: its last 32 bits count on from the command's. The same command makes the same
 * event ids again, so that a retry after a lost answer is recognised by any store.
 */
export function eventIdOf(commandId: string, index: number): string {
  const last = (parseInt(commandId.slice(28), 16) + index + 1) % 2 ** 32;
  return commandId.slice(0, 28) + last.toString(16).padStart(8, '0');
}

const pool = new Uint8Array(16 * 256);
let used = pool.length;

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    used = 0;
  }
  used += 16;
  return pool.subarray(used - 16, used);
}

export const systemIds: Ids = { next: () => uuidv7(Date.now(), randomBytes()) };
