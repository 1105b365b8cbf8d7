import type { JsonObject } from '#kernel/json';
import type { Recorded } from '#kernel/event';
import { storedContentOf, withContent } from '#platform/event-store/event-content';
import type { SignedHead } from '../heads/signed-head.js';

/** An event as it is stored, to the letter: everything that its leaf is made of. Texts are JSON. */
export interface EventLetters {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly data: string | Uint8Array;
  readonly metadata: string | Uint8Array;
}

/** What an export says of itself. It is signed. */
export interface ExportHeader {
  readonly format: 'perdure-audit-export/1';
  readonly exportedAt: string;
  readonly tenant: string;
  /** What was asked for. */
  readonly query: JsonObject;
  /** `all`: every leaf of the tree, in order, which shows that they are in it. `query`: those asked for, each with its proof. */
  readonly coverage: 'all' | 'query';
  /** Most records up to the next checkpoint. */
  readonly checkpointEvery: number;
  readonly head: SignedHead;
}

export interface RecordEntry {
  readonly kind: 'record';
  /** Number of the record, from 1. */
  readonly record: number;
  /** Place of the event's leaf in the tree, from 0. */
  readonly leaf: number;
  /** The event; of one that the store no longer has, the hash of its leaf, in base64. */
  readonly content: { readonly event: EventLetters } | { readonly gone: string };
  /** Hashes in base64 that lead from the leaf to the head's root (RFC 9162, section 2.1.3); none with `coverage: all`. */
  readonly proof?: readonly string[];
}

/** One line of an export, or row. Notes are signed as the C2SP specification `signed-note` has it; see `export-seal.ts`. */
export type ExportEntry =
  | { readonly kind: 'header'; readonly header: ExportHeader; readonly note: string }
  | RecordEntry
  | {
      readonly kind: 'checkpoint';
      /** Records so far, and the root over the hashes of their leaves. */
      readonly records: number;
      readonly root: string;
      /** The first 8 bytes of each hash since the last checkpoint, in base64: they tell which record is not the one. */
      readonly marks: string;
      readonly note: string;
    }
  | { readonly kind: 'end'; readonly records: number; readonly root: string; readonly note: string };

export function lettersOf(event: Recorded): EventLetters {
  const { id, type, stream, revision, recordedAt } = event;
  return { id, type, stream, revision, recordedAt, ...storedContentOf(event) };
}

/** Whether everything is of the type that it must have: a revision in quotes would make the same leaf. */
export function areLetters(letters: EventLetters): boolean {
  const { id, type, stream, revision, recordedAt } = letters;
  return [id, type, stream, recordedAt].every((text) => typeof text === 'string') && Number.isSafeInteger(revision);
}

/** The event again, as the store gave it, apart from its position. Throws SyntaxError where a text is no JSON. */
export function eventOf({ data, metadata, ...same }: EventLetters): Recorded {
  const valueOf = (content: string | Uint8Array): unknown =>
    typeof content === 'string' ? JSON.parse(content) : content;
  const values = { data: valueOf(data), metadata: valueOf(metadata) };
  return withContent({ ...same, ...values, position: '' } as Recorded, { data, metadata });
}
