import type { KeyObject } from 'node:crypto';
import type { Position } from '#kernel/event';
import { HASH_BYTES } from '#platform/merkle/hashes';
import { keyIdOf, openNote, publicKeyOf, rawKey, signNote } from './signed-note.js';

/** The tree over the first events of a store. */
export interface TreeHead {
  /** Leaves: events that are not of a system stream, in the global order. */
  readonly size: number;
  readonly root: Uint8Array;
  /** When it was signed, ISO 8601, UTC. */
  readonly at: string;
}

/** A head as it is stored, with what is needed to verify it. Bytes are in base64. */
export interface SignedHead {
  readonly size: number;
  readonly root: string;
  readonly at: string;
  /** Place of the last event in the store that signed; a copy has it elsewhere. Not signed. */
  readonly position: Position;
  readonly keyId: string;
  /** The 32 bytes of the key that signed. Trust only the one that you have from elsewhere. */
  readonly publicKey: string;
  /** What was signed, with the signature: a checkpoint in the form of the C2SP specification `tlog-checkpoint`. */
  readonly note: string;
}

/** Name of the log that a key signs for, as checkpoints say it in their first line. */
export function originOf(key: KeyObject): string {
  return `perdure/audit/${keyIdOf(key)}`;
}

/**
 * Signs a head. The signed text has four lines: the origin, the size, the root in base64, and `time` with the time; each ends with a
 * line feed.
 */
export function signHead({ size, root, at }: TreeHead, position: Position, privateKey: KeyObject): SignedHead {
  const base64 = Buffer.from(root).toString('base64');
  const origin = originOf(privateKey);
  const note = signNote(`${origin}\n${size}\n${base64}\ntime ${at}\n`, origin, privateKey);
  const [keyId, publicKey] = [keyIdOf(privateKey), rawKey(privateKey).toString('base64')];
  return { size, root: base64, at, position, keyId, publicKey, note };
}

const TEXT = /^[^\n]+\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:time ([^\n]+)\n)?(?:[^\n]+\n)*$/;

/** The head in a note, if this key has signed it for its own log; else undefined. Never throws. */
export function verifySignedHead(note: string, publicKey: KeyObject): TreeHead | undefined {
  const text = openNote(note, publicKey);
  return text?.startsWith(`${originOf(publicKey)}\n`) ? headIn(text) : undefined;
}

/** The head in a note that is trusted for where it comes from, whoever signed it; undefined where there is none. Never throws. */
export function readHead(note: string): TreeHead | undefined {
  return headIn(note.slice(0, note.lastIndexOf('\n\n') + 1));
}

function headIn(text: string): TreeHead | undefined {
  const [, size, base64, at = ''] = TEXT.exec(text) ?? [];
  if (base64 === undefined) return undefined;
  const root = Buffer.from(base64, 'base64');
  return root.length === HASH_BYTES ? { size: Number(size), root, at } : undefined;
}

/** Whether what stands beside the note says the same as the note, and the key that it names has signed it. Never throws. */
export function isSound(head: SignedHead): boolean {
  try {
    const signed = verifySignedHead(head.note, publicKeyOf(Buffer.from(head.publicKey, 'base64')));
    if (!signed) return false;
    const { size, root, at } = signed;
    return size === head.size && at === head.at && Buffer.from(root).toString('base64') === head.root;
  } catch {
    return false;
  }
}
