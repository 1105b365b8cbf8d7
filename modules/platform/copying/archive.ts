import { DomainError } from '#kernel/errors';
import { comparePositions, type Recorded } from '#kernel/event';
import { VERSION } from '../config/version.js';
import { storedContentOf, withContent } from '../event-store/event-content.js';
import type { EventStore } from '../event-store/event-store.port.js';
import { MerkleTree } from '../merkle/merkle-tree.js';
import { copiedEvents, digestOf } from './copied-events.js';

const FORMAT = 'perdure-archive/1';
/** Events that are handed out at once. */
const PORTION = 1_000;

/** An event of an archive: content that is JSON as the text that was written, bytes in base64. */
interface ArchivedEvent extends Pick<Recorded, 'stream' | 'revision' | 'id' | 'type' | 'recordedAt'> {
  readonly data?: string;
  readonly dataBytes?: string;
  readonly metadata?: string;
  readonly metadataBytes?: string;
}

/** What an archive says of itself at its end. */
export interface ArchiveEnd {
  readonly events: number;
  /** Of the Merkle tree over the events, in hexadecimal: the same as `perdure compare` prints for a store with just these. */
  readonly root: string;
}

/** The archive is not whole, or not what was written. */
export class ArchiveDamaged extends DomainError {
  constructor(line: number, detail: string) {
    super('unprocessable', 'archive-damaged', `Line ${line} of the archive: ${detail} Use another backup.`);
  }
}

/**
 * All events of a store as they are when it begins, in lines of JSON: a header, an event a line in the global order, and an end with
 * their number and their Merkle root, without which the archive is not whole. The store may be in use. Yields several lines at once.
 */
export async function* archiveLines(store: EventStore, now: Date): AsyncGenerator<string> {
  const head = await store.head();
  const tree = new MerkleTree();
  yield `${JSON.stringify({ format: FORMAT, version: VERSION, at: now.toISOString() })}\n`;
  for await (const { events, position } of copiedEvents(store)) {
    const before = events.filter((event) => comparePositions(event.position, head) <= 0);
    for (const event of before) tree.add(digestOf(event));
    if (before.length > 0) yield before.map((event) => `${JSON.stringify({ event: archived(event) })}\n`).join('');
    if (comparePositions(position, head) >= 0) break;
  }
  yield `${JSON.stringify({ end: endOf(tree) })}\n`;
}

/**
 * The events of an archive, to be restored in this order; returns its end. Throws ArchiveDamaged where a line is not what was
 * written, or the end is missing: whoever must not use a part of it reads it to its end first.
 */
export async function* archivedEvents(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<readonly Recorded[], ArchiveEnd> {
  const tree = new MerkleTree();
  let portion: Recorded[] = [];
  let number = 0;
  let end: ArchiveEnd | undefined;
  for await (const line of lines) {
    const content = parsed(line, ++number);
    if (number === 1) {
      if (content['format'] !== FORMAT)
        throw new ArchiveDamaged(1, `It says nothing of ${FORMAT}: this is no archive.`);
      continue;
    }
    if (end) throw new ArchiveDamaged(number, 'Something follows its end.');
    if (content['end']) {
      end = content['end'] as ArchiveEnd;
      continue;
    }
    const event = restored(content['event'] as ArchivedEvent, tree.size + 1, number);
    tree.add(digestOf(event));
    if (portion.push(event) < PORTION) continue;
    yield portion;
    portion = [];
  }
  const found = endOf(tree);
  if (!end) throw new ArchiveDamaged(number, 'It breaks off: the end is missing.');
  if (end.events !== found.events || end.root !== found.root) {
    const detail = `It ends with ${end.events} events of root ${end.root}, but has ${found.events} of root ${found.root}.`;
    throw new ArchiveDamaged(number, detail);
  }
  if (portion.length > 0) yield portion;
  return end;
}

function endOf(tree: MerkleTree): ArchiveEnd {
  return { events: tree.size, root: Buffer.from(tree.root()).toString('hex') };
}

function archived(event: Recorded): ArchivedEvent {
  const { stream, revision, id, type, recordedAt } = event;
  const { data, metadata } = storedContentOf(event);
  return {
    ...{ stream, revision, id, type, recordedAt },
    ...(typeof data === 'string' ? { data } : { dataBytes: Buffer.from(data).toString('base64') }),
    ...(typeof metadata === 'string' ? { metadata } : { metadataBytes: Buffer.from(metadata).toString('base64') }),
  };
}

function restored(event: ArchivedEvent, place: number, line: number): Recorded {
  try {
    const { stream, revision, id, type, recordedAt } = event;
    const data = event.data ?? bytesOf(event.dataBytes!);
    const metadata = event.metadata ?? bytesOf(event.metadataBytes!);
    const content = { data: contentOf(data), metadata: contentOf(metadata) as Recorded['metadata'] };
    const whole = { id, type, ...content, stream, revision, position: String(place), recordedAt };
    return withContent(whole, { data, metadata });
  } catch {
    throw new ArchiveDamaged(line, 'It is no event.');
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

function contentOf(content: string | Uint8Array): object {
  return typeof content === 'string' ? (JSON.parse(content) as object) : content;
}

function parsed(line: string, number: number): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new ArchiveDamaged(number, 'It is not JSON.');
  }
}
