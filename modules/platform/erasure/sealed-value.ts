import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Json } from '#kernel/json';
import type { Sealed } from '#kernel/personal';

/** Gives so many random bytes, fit for keys. Tests hand in their own. */
export type Randomness = (bytes: number) => Buffer;

/** A subject's data key, as it is in memory only. */
export interface SubjectKey {
  /** Random and never used again: 22 characters of base64url. */
  readonly id: string;
  readonly tenant: string;
  readonly subject: string;
  /** 256 bits. */
  readonly secret: Buffer;
}

/** NIST SP 800-38D, section 8.2.2: with random IVs of 96 bits a key is good for 2^32 values. */
export const IV_BYTES = 12;
export const TAG_BYTES = 16;
export const KEY_BYTES = 32;
const KEY_ID_BYTES = 16;

const TOKEN = /^v1\.([\w-]{22})\.([\w-]{16})\.([\w-]{23,})$/;

/** A new id for a key. */
export function newKeyId(random: Randomness): string {
  return random(KEY_ID_BYTES).toString('base64url');
}

/** The id of the key that the value was sealed with; undefined where this is no token of ours. */
export function keyIdOf({ $sealed }: Sealed): string | undefined {
  return TOKEN.exec($sealed)?.[1];
}

/** Seals any JSON value whole: nothing but its length can be seen of it. */
export function seal(value: Json, key: SubjectKey, random: Randomness): Sealed {
  const iv = random(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.secret, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(contextOf(key));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { $sealed: `v1.${key.id}.${iv.toString('base64url')}.${sealed.toString('base64url')}` };
}

/** The value that was sealed. Throws where the token was changed, or was sealed with another key or for another subject. */
export function open({ $sealed }: Sealed, key: SubjectKey): Json {
  const [, , iv, sealed] = TOKEN.exec($sealed) ?? [];
  const bytes = Buffer.from(sealed ?? '', 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key.secret, Buffer.from(iv ?? '', 'base64url'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(contextOf(key)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  return JSON.parse(plain.toString('utf8')) as Json;
}

/**
 * What tells a command with personal values from another: worthless without the key, so that nobody can try values until the digest
 * fits once the key is gone.
 */
export function keyedDigest(digest: string, { id, secret }: SubjectKey): string {
  return `v1.${id}.${createHmac('sha256', secret).update(`digest ${digest}`).digest('base64url')}`;
}

/** The id of the key that a digest was made with; undefined where it was made without. */
export function keyIdOfDigest(digest: string): string | undefined {
  return /^v1\.([\w-]{22})\./.exec(digest)?.[1];
}

/** Binds a value to what it was sealed for. */
function contextOf({ tenant, subject }: SubjectKey): Buffer {
  return Buffer.from(JSON.stringify(['perdure sealed value', 'v1', tenant, subject]));
}
