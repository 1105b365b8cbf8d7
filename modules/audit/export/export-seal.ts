import type { KeyObject } from 'node:crypto';
import { sha256 } from '#platform/merkle/hashes';
import { MerkleTree } from '#platform/merkle/merkle-tree';
import { keyIdOf, openNote, signNote } from '../heads/signed-note.js';
import type { ExportHeader } from './export-entry.js';

/** Bytes of a leaf's hash that a checkpoint marks a record with: they need only tell where, the root tells whether. */
const MARK_BYTES = 8;

/** Name that a key signs exports with: no signature of a head passes for one of an export. */
function originOf(key: KeyObject): string {
  return `perdure/audit-export/${keyIdOf(key)}`;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/**
 * What is signed of an export, word for word: lines with the origin, the digest of the header (SHA-256 of its JSON), what it is, how
 * many records there are up to here, the root of a tree over the hashes of their leaves and the digest of the marks. Each ends with a
 * line feed. The header says `header 0`, and neither root nor marks.
 */
export function sealedText(key: KeyObject, digest: string, what: string, records: number, ...rest: string[]): string {
  return [originOf(key), digest, `${what} ${records}`, ...rest].map((line) => `${line}\n`).join('');
}

export function digestOfHeader(header: ExportHeader): string {
  return base64(sha256(Buffer.from(JSON.stringify(header))));
}

export function sealWith(privateKey: KeyObject, text: string): string {
  return signNote(text, originOf(privateKey), privateKey);
}

/** Whether the note is this text, signed with the key, and spelled as {@link sealWith} does. */
export function isSealed(note: string, text: string, publicKey: KeyObject): boolean {
  if (typeof note !== 'string' || openNote(note, publicKey) !== text) return false;
  const head = `${text}\n\u2014 ${originOf(publicKey)} `;
  return note.startsWith(head) && note.endsWith('\n') && isBase64(note.slice(head.length, -1));
}

/** Whether it is how these bytes are written: the last letter has bits that stand for nothing. */
export function isBase64(text: unknown): text is string {
  return typeof text === 'string' && base64(Buffer.from(text, 'base64')) === text;
}

/** What both ends keep of the records that they have seen: little, however many there are. */
export class ExportedRecords {
  readonly #tree = new MerkleTree();
  #marks: Buffer[] = [];

  add(leafHash: Uint8Array, isGone: boolean): void {
    this.#tree.addHash(leafHash);
    this.#marks.push(markOf(leafHash, isGone));
  }

  get count(): number {
    return this.#tree.size;
  }

  /** Records since the last checkpoint. */
  get open(): number {
    return this.#marks.length;
  }

  get root(): string {
    return base64(this.#tree.root());
  }

  get marks(): string {
    return base64(Buffer.concat(this.#marks));
  }

  /** After a checkpoint. */
  begin(): void {
    this.#marks = [];
  }
}

/** Of an event that is not there any more it is the complement, so that none can be taken out and called gone. */
function markOf(leafHash: Uint8Array, isGone: boolean): Buffer {
  const mark = Buffer.from(leafHash.subarray(0, MARK_BYTES));
  return isGone ? (mark.map((byte) => 255 - byte) as Buffer) : mark;
}

export function digestOfMarks(marks: string): string {
  return base64(sha256(Buffer.from(marks)));
}

/** The marks apart, as text. */
export function marksIn(marks: string): string[] {
  const bytes = Buffer.from(marks, 'base64');
  const count = Math.floor(bytes.length / MARK_BYTES);
  return Array.from({ length: count }, (_, i) => base64(bytes.subarray(i * MARK_BYTES, (i + 1) * MARK_BYTES)));
}
