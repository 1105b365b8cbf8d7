import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '#platform/merkle/hashes';

/** Ed25519 in the C2SP specification `signed-note`. */
const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;

/** The 32 bytes of an Ed25519 public key (RFC 8032). Throws TypeError for a key of another kind. */
export function rawKey(key: KeyObject): Buffer {
  const { x, crv } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  if (crv !== 'Ed25519' || !x) throw new TypeError('It is no Ed25519 key.');
  return Buffer.from(x, 'base64url');
}

/** The key of these 32 bytes. Throws where they are none. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
}

/** A short name for a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes. */
export function keyIdOf(key: KeyObject): string {
  return sha256(rawKey(key)).toString('hex').slice(0, 16);
}

/** The public key in the form that tools for signed notes take: `<name>+<hash>+<base64>`. */
export function verifierKey(name: string, key: KeyObject): string {
  const typed = Buffer.concat([Buffer.of(ED25519), rawKey(key)]);
  return `${name}+${noteHash(name, key).toString('hex')}+${typed.toString('base64')}`;
}

/** The public key in PEM, or as {@link verifierKey} writes it. Throws TypeError where it is neither, or no Ed25519 key. */
export function readPublicKey(text: string): KeyObject {
  const [, base64] = /^[^\s+]+\+[0-9a-f]{8}\+([A-Za-z0-9+/]+={0,2})\s*$/.exec(text) ?? [];
  const typed = base64 === undefined ? undefined : Buffer.from(base64, 'base64');
  const key = typed ? publicKeyOf(typed.subarray(1)) : createPublicKey(text);
  rawKey(key);
  return key;
}

/** A text, which must end with a line feed, with its signature. */
export function signNote(text: string, name: string, privateKey: KeyObject): string {
  const signature = Buffer.concat([noteHash(name, privateKey), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`;
}

/** The text of a note, if one of its signatures is of the key and right; else undefined. Never throws. */
export function openNote(note: string, key: KeyObject): string | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  const isRight = lines.some((line) => {
    const [, name, base64] = SIGNATURE.exec(line) ?? [];
    if (name === undefined || base64 === undefined) return false;
    const bytes = Buffer.from(base64, 'base64');
    // Base64 has several spellings where its last bits count for nothing; a note has one.
    if (bytes.toString('base64') !== base64 || !bytes.subarray(0, 4).equals(noteHash(name, key))) return false;
    return verify(null, Buffer.from(text), key, bytes.subarray(4));
  });
  return isRight ? text : undefined;
}

/** Tells, with the name, which key a signature may be of. */
function noteHash(name: string, key: KeyObject): Buffer {
  const raw = rawKey(key).subarray(0, KEY_BYTES);
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), raw])).subarray(0, 4);
}
