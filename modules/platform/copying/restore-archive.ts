import { DomainError } from '#kernel/errors';
import type { EventStore } from '../event-store/event-store.port.js';
import { archivedEvents, type ArchiveEnd } from './archive.js';
import { copiedEvents, digestOf } from './copied-events.js';
import { MerkleTree } from '../merkle/merkle-tree.js';

/** After a restore the store has not just what the archive has. */
export class NotRestored extends DomainError {
  constructor(archive: ArchiveEnd, store: ArchiveEnd) {
    super(
      'conflict',
      'not-restored',
      `The archive has ${archive.events} events of root ${archive.root}, the store ${store.events} of root ${store.root}: ` +
        'it had others before. Restore into an empty store.',
    );
  }
}

/** Reads an archive to its end and does nothing else. Throws ArchiveDamaged. */
export async function verifyArchive(
  lines: AsyncIterable<string> | Iterable<string>,
  onProgress: (events: number) => void = () => undefined,
): Promise<ArchiveEnd> {
  const portions = archivedEvents(lines);
  for (let events = 0; ;) {
    const { done, value } = await portions.next();
    if (done) return value;
    onProgress((events += value.length));
  }
}

/**
 * Puts all events of an archive into a store, which must be empty or have a part of them from an earlier restore, and compares the
 * two at the end. Throws ArchiveDamaged, NotRestored. Verify the archive first: what comes before the damage is restored otherwise.
 */
export async function restoreArchive(
  store: EventStore,
  lines: AsyncIterable<string> | Iterable<string>,
  onProgress: (events: number) => void = () => undefined,
): Promise<ArchiveEnd> {
  const portions = archivedEvents(lines);
  for (let events = 0; ;) {
    const { done, value } = await portions.next();
    if (!done) {
      await store.restore(value);
      onProgress((events += value.length));
      continue;
    }
    const found = await summaryOf(store);
    if (found.root !== value.root) throw new NotRestored(value, found);
    return value;
  }
}

async function summaryOf(store: EventStore): Promise<ArchiveEnd> {
  const tree = new MerkleTree();
  for await (const { events } of copiedEvents(store)) for (const event of events) tree.add(digestOf(event));
  return { events: tree.size, root: Buffer.from(tree.root()).toString('hex') };
}
