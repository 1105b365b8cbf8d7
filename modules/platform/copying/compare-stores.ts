import { createHash } from 'node:crypto';
import type { Recorded } from '#kernel/event';
import type { EventStore } from '../event-store/event-store.port.js';
import { copiedEvents, digestOf } from './copied-events.js';
import { MerkleTree } from '../merkle/merkle-tree.js';

/** One store's side of a comparison. */
export interface Summary {
  readonly events: number;
  /** Streams with visible events. */
  readonly streams: number;
  /** Of the Merkle tree (RFC 9162) over the events' contents in their order. */
  readonly root: string;
}

export interface Difference {
  readonly stream: string;
  /** In words: what is where, and what is not. */
  readonly detail: string;
}

/** Two stores are the same where there is no difference. */
export interface Comparison {
  readonly from: Summary;
  readonly to: Summary;
  /** The first of them; `more` says how many others there are. */
  readonly differences: readonly Difference[];
  readonly more: number;
}

/** Differences that are told one by one. */
const TOLD = 20;

/** Reads both stores from beginning to end, and says what is the same: counts, the order, and for each stream its revisions and content. */
export async function compareStores(from: EventStore, to: EventStore): Promise<Comparison> {
  const [left, right] = await Promise.all([summarise(from), summarise(to)]);
  const differences = [...differencesOf(left.streams, right.streams)];
  if (differences.length === 0 && left.root !== right.root) {
    differences.push({ stream: '$all', detail: 'Each stream is the same, but the order among the streams is not.' });
  }
  return {
    from: summaryOf(left),
    to: summaryOf(right),
    differences: differences.slice(0, TOLD),
    more: Math.max(0, differences.length - TOLD),
  };
}

/** Enough of a stream to tell whether two are the same. */
interface StreamSummary {
  readonly events: number;
  readonly revision: number;
  /** A chain of hashes over its events. */
  readonly digest: string;
}

interface Tally {
  readonly events: number;
  readonly root: string;
  readonly streams: Map<string, StreamSummary>;
}

async function summarise(store: EventStore): Promise<Tally> {
  const tree = new MerkleTree();
  const streams = new Map<string, StreamSummary>();
  for await (const { events } of copiedEvents(store)) {
    for (const event of events) {
      const digest = digestOf(event);
      tree.add(digest);
      addTo(streams, event, digest);
    }
  }
  return { events: tree.size, root: Buffer.from(tree.root()).toString('hex'), streams };
}

function addTo(streams: Map<string, StreamSummary>, { stream, revision }: Recorded, digest: Buffer): void {
  const before = streams.get(stream);
  const chained = createHash('sha256')
    .update(before?.digest ?? '')
    .update(digest)
    .digest('base64');
  streams.set(stream, { events: (before?.events ?? 0) + 1, revision, digest: chained });
}

function* differencesOf(from: Tally['streams'], to: Tally['streams']): Generator<Difference> {
  for (const [stream, left] of from) {
    const right = to.get(stream);
    if (!right) yield { stream, detail: `It is missing in the copy; the original has ${left.events} events.` };
    else if (right.revision !== left.revision || right.events !== left.events) {
      const words = ({ events, revision }: StreamSummary): string => `${events} events up to revision ${revision}`;
      yield { stream, detail: `The original has ${words(left)}, the copy ${words(right)}.` };
    } else if (right.digest !== left.digest) {
      yield { stream, detail: `${left.events} events each, but not with the same content.` };
    }
  }
  for (const [stream, { events }] of to) {
    if (!from.has(stream)) yield { stream, detail: `Only the copy has it, with ${events} events.` };
  }
}

function summaryOf({ events, root, streams }: Tally): Summary {
  return { events, streams: streams.size, root };
}
