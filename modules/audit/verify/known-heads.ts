import type { KeyObject } from 'node:crypto';
import type { EventStore } from '#platform/event-store/event-store.port';
import { keyIdOf } from '../heads/signed-note.js';
import { type HeadsPage, SignedHeads, type StoredHead } from '../heads/signed-heads.js';
import { type TreeHead, verifySignedHead } from '../heads/signed-head.js';
import { unreadable } from './readable-events.js';
import type { Finding } from './verification.js';

/** A head that one of the keys has signed, and where it comes from. */
export interface KnownHead extends TreeHead {
  readonly from: string;
  readonly revision?: number;
}

export interface KnownHeads {
  /** By size; each size once. */
  readonly heads: readonly KnownHead[];
  readonly findings: readonly Finding[];
}

/** The heads that are signed by one of the keys: those in the store, and notes from elsewhere. */
export async function knownHeads(
  store: EventStore,
  keys: readonly KeyObject[],
  notes: readonly string[] = [],
): Promise<KnownHeads> {
  const findings: Finding[] = [];
  const bySize = new Map<number, KnownHead>();
  const take = (head: KnownHead): void => {
    const other = bySize.get(head.size);
    if (other && Buffer.compare(other.root, head.root) !== 0) {
      const detail = `Two histories of ${head.size} events were signed: ${other.from} and ${head.from} have different roots.`;
      findings.push({ kind: 'head', revision: head.revision, detail });
    } else if (!other) bySize.set(head.size, head);
  };
  for (const [i, note] of notes.entries()) {
    const head = opened(note, keys);
    if (head) take({ ...head, from: `note ${i + 1}` });
    else findings.push({ kind: 'head', detail: `Note ${i + 1} is not signed by ${named(keys)}.` });
  }
  await inStore(store, keys, take, findings);
  return { heads: [...bySize.values()].sort((a, b) => a.size - b.size), findings };
}

async function inStore(
  store: EventStore,
  keys: readonly KeyObject[],
  take: (head: KnownHead) => void,
  findings: Finding[],
): Promise<void> {
  let expected = 0;
  let last = 0;
  const report = (revision: number, detail: string): unknown => findings.push({ kind: 'head', revision, detail });
  try {
    for await (const { revision, head: stored } of headsIn(store)) {
      if (revision !== expected) report(expected, `Heads ${expected} to ${revision - 1} are missing.`);
      expected = revision + 1;
      const head = stored && opened(stored.note, keys);
      if (!stored) report(revision, `Head ${revision} is not as it was signed.`);
      else if (!head) report(revision, `Head ${revision} is signed by key ${stored.keyId}, not by ${named(keys)}.`);
      else if (head.size <= last) report(revision, `Head ${revision} covers no more events than the one before it.`);
      if (!head) continue;
      last = head.size;
      take({ ...head, revision, from: `head ${revision}` });
    }
  } catch (error) {
    report(expected, `The heads cannot be read from revision ${expected} on: ${unreadable(error)}`);
  }
}

/** Hidden ones too; where the store is damaged at a place, those that their stream still leads to. */
async function* headsIn(store: EventStore): AsyncGenerator<StoredHead> {
  const heads = new SignedHeads(store);
  let next: number | undefined = 0;
  try {
    for await (const head of heads.all()) {
      yield head;
      next = head.revision + 1;
    }
    return;
  } catch (error) {
    unreadable(error);
  }
  while (next !== undefined) {
    const page: HeadsPage = await heads.page({ from: next, limit: PAGE });
    yield* page.heads;
    next = page.next;
  }
}

const PAGE = 1_000;

function opened(note: string, keys: readonly KeyObject[]): TreeHead | undefined {
  for (const key of keys) {
    const head = verifySignedHead(note, key);
    if (head) return head;
  }
  return undefined;
}

function named(keys: readonly KeyObject[]): string {
  return `key ${keys.map(keyIdOf).join(' or ')}`;
}
