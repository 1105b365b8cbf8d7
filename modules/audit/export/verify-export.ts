import type { KeyObject } from 'node:crypto';
import { verifyInclusion } from '#platform/merkle/verify-proofs';
import { verifySignedHead, type TreeHead } from '../heads/signed-head.js';
import { keyIdOf } from '../heads/signed-note.js';
import { leafHashOf } from '../tree/leaf.js';
import { eventOf, type ExportEntry, type ExportHeader, type RecordEntry } from './export-entry.js';
import { entryIn, type ExportFormat } from './export-format.js';
import { NotUtf8, piecesOf, type Piece } from './export-pieces.js';
import { digestOfHeader, digestOfMarks, ExportedRecords, isSealed, marksIn, sealedText } from './export-seal.js';
import { firstDifference, type SeenRecord } from './record-differences.js';

/** What is wrong with an export, and where it is seen first. */
export interface ExportProblem {
  readonly code:
    | 'unreadable'
    | 'wrong-key'
    | 'header'
    | 'changed'
    | 'removed'
    | 'inserted'
    | 'checkpoint'
    | 'truncated'
    | 'continued';
  /** From 1. Of what was removed, where it should stand. */
  readonly line: number;
  readonly record?: number;
  /** The event that the line speaks of, as it now stands there. */
  readonly event?: { readonly id: string; readonly stream: string; readonly revision: number; readonly type: string };
  readonly detail: string;
}

export type ExportVerdict =
  | { readonly sound: true; readonly records: number; readonly header: ExportHeader; readonly head: TreeHead }
  | { readonly sound: false; readonly problem: ExportProblem };

type Entry<Kind extends ExportEntry['kind']> = Extract<ExportEntry, { kind: Kind }>;

class Found extends Error {
  constructor(readonly problem: ExportProblem) {
    super(problem.detail);
  }
}

/**
 * Whether an export is what the owner of one of the keys exported: nothing else than the export and the public keys is asked. Reads it once, in
 * constant memory. Names the first line that was changed, removed or inserted; rejects only where the input does.
 */
export async function verifyExport(
  input: AsyncIterable<Uint8Array | string>,
  publicKeys: KeyObject | readonly KeyObject[],
  format: ExportFormat,
): Promise<ExportVerdict> {
  const reader = new ExportReader([publicKeys].flat(), format);
  let line = 1;
  try {
    for await (const piece of piecesOf(input, format.quoted)) {
      reader.take(piece);
      line = piece.line + (piece.text.match(/\n/g)?.length ?? 0);
    }
    return reader.finish(line);
  } catch (error) {
    if (error instanceof Found) return { sound: false, problem: error.problem };
    if (!(error instanceof NotUtf8)) throw error;
    const detail = 'From here on, or within the next lines, it is not UTF-8.';
    return { sound: false, problem: { code: 'unreadable', line, detail } };
  }
}

class ExportReader {
  readonly #records = new ExportedRecords();
  /** The one of the keys that the export names. */
  #key: KeyObject | undefined;
  #seen: SeenRecord[] = [];
  #heading: string;
  #opened: { header: ExportHeader; head: TreeHead; digest: string } | undefined;
  #isOver = false;

  constructor(
    private readonly keys: readonly KeyObject[],
    private readonly format: ExportFormat,
  ) {
    this.#heading = format.heading;
  }

  take(piece: Piece): void {
    const { line, text, complete } = piece;
    if (this.#isOver) throw found('continued', line, 'Something follows the end of the export.');
    if (this.#heading !== '') {
      if (text !== this.#heading) throw found('header', line, 'The names of the columns are not those of an export.');
      this.#heading = '';
      return;
    }
    if (!complete) throw found('truncated', line, 'The export is cut off within this line.');
    const entry = entryIn(text, this.format);
    if (!entry) throw found('unreadable', line, 'The line is not as an export spells it.');
    if (entry.kind === 'header') return this.#open(entry, line);
    if (!this.#opened) throw found('header', line, 'The export does not begin with its header.');
    if (entry.kind === 'record') return this.#take(entry, line);
    return entry.kind === 'checkpoint' ? this.#check(entry, line) : this.#end(entry, line);
  }

  finish(line: number): ExportVerdict {
    if (!this.#opened || !this.#isOver) throw found('truncated', line, 'The export is cut off: its end is missing.');
    const { header, head } = this.#opened;
    return { sound: true, records: this.#records.count, header, head };
  }

  #open({ header, note }: Entry<'header'>, line: number): void {
    if (this.#opened) throw found('inserted', line, 'A second header.');
    const { keyId, note: headNote = '' } = (header.head ?? {}) as Partial<ExportHeader['head']>;
    this.#key = this.keys.find((key) => keyIdOf(key) === keyId);
    if (!this.#key) {
      const given = this.keys.map(keyIdOf).join(', ');
      throw found('wrong-key', line, `It was signed with the key ${keyId}, and the one given is ${given}.`);
    }
    const digest = digestOfHeader(header);
    if (!this.#isSealed(note, digest, 'header', 0)) throw found('header', line, 'The header is not as it was signed.');
    const head = verifySignedHead(headNote, this.#key);
    if (!head) throw found('header', line, 'The head of the tree in the header is not as it was signed.');
    this.#opened = { header, head, digest };
  }

  #take(entry: RecordEntry, line: number): void {
    const { header, head } = this.#opened!;
    const { record, leaf, content, proof } = entry;
    const expected = this.#records.count + 1;
    const event = 'event' in content ? content.event : undefined;
    const here = { record, event: event && named(event) };
    if (this.#records.open >= header.checkpointEvery)
      throw found('removed', line, 'A checkpoint is missing before it.');
    if (record < expected) throw found('inserted', line, `Record ${record} stood there before: one is too many.`, here);
    if (record > expected)
      throw found('removed', line, `Record ${expected} is missing before it.`, { record: expected });
    const leafHash = event ? leafHashOf(eventOf(event)) : Buffer.from((content as { gone: string }).gone, 'base64');
    const isWhole = header.coverage === 'all';
    const isPlaced = isWhole
      ? leaf === record - 1 && proof === undefined
      : verifyInclusion({ index: leaf, size: head.size, leafHash, root: head.root, proof: (proof ?? []).map(bytesOf) });
    if (!isPlaced && !isWhole)
      throw found('changed', line, 'The event is not in the tree of the head as it stands here.', here);
    if (!isPlaced) throw found('changed', line, 'The record is not of the leaf that it says.', here);
    this.#records.add(leafHash, !event);
    this.#seen.push({ line, ...here });
  }

  #check({ records, root, marks, note }: Entry<'checkpoint'>, line: number): void {
    const { digest } = this.#opened!;
    if (!this.#isSealed(note, digest, 'checkpoint', records, root, digestOfMarks(marks))) {
      throw found('checkpoint', line, 'The checkpoint is not as it was signed, or is one of another export.');
    }
    const before = this.#records.count - this.#records.open;
    const signed = marksIn(marks);
    if (records - signed.length !== before) {
      const isOld = records <= before;
      throw found(
        isOld ? 'inserted' : 'removed',
        line,
        isOld ? 'This checkpoint stood there before.' : 'What comes before this checkpoint is missing.',
      );
    }
    const difference = firstDifference(this.#seen, marksIn(this.#records.marks), signed, before, line);
    if (difference) throw new Found(difference);
    if (root !== this.#records.root)
      throw found('changed', line, 'The records up to this checkpoint are not those that were signed.');
    this.#records.begin();
    this.#seen = [];
  }

  #end({ records, root, note }: Entry<'end'>, line: number): void {
    const { header, head, digest } = this.#opened!;
    if (!this.#isSealed(note, digest, 'end', records, root)) {
      throw found('checkpoint', line, 'The end is not as it was signed, or is one of another export.');
    }
    if (this.#records.open > 0) throw found('removed', line, 'A checkpoint is missing before the end.');
    if (records !== this.#records.count) {
      const detail = `Of ${records} records that were signed, ${this.#records.count} are here.`;
      throw found('removed', line, detail, { record: this.#records.count + 1 });
    }
    const isWhole = header.coverage === 'all';
    if (root !== this.#records.root) throw found('changed', line, 'The records are not those that were signed.');
    if (isWhole && (records !== head.size || root !== Buffer.from(head.root).toString('base64'))) {
      throw found('changed', line, 'The records are not the leaves of the tree that the header has the head of.');
    }
    this.#isOver = true;
  }

  #isSealed(note: string, digest: string, what: string, records: number, ...rest: string[]): boolean {
    return isSealed(note, sealedText(this.#key!, digest, what, records, ...rest), this.#key!);
  }
}

function found(code: ExportProblem['code'], line: number, detail: string, more: Partial<ExportProblem> = {}): Found {
  return new Found({ code, line, ...more, detail });
}

function named({ id, stream, revision, type }: NonNullable<ExportProblem['event']>): ExportProblem['event'] {
  return { id, stream, revision, type };
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
