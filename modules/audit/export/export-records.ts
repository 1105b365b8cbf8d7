import { comparePositions, START, type Recorded } from '#kernel/event';
import { StreamDeleted } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';
import { MerkleProofs } from '#platform/merkle/merkle-proofs';
import type { Filter, ReadStore } from '#platform/read-store/read-store.port';
import { audit, type AuditDocument } from '#read-models/audit';
import { type AuditQuery, eachAudited } from '../audit-query.js';
import type { SignedHead } from '../heads/signed-head.js';
import type { AuditTree } from '../tree/audit-tree.js';
import { leafHashOf } from '../tree/leaf.js';
import { HashTiles } from '../tree/tiles.js';
import { StoreDiffersFromTree } from './export.errors.js';
import { eventOf, lettersOf, type RecordEntry } from './export-entry.js';
import { RememberedNodes } from './remembered-nodes.js';

/** Where exports come from. `stored` must be `STORED_EVENTS`. */
export interface ExportSource {
  readonly stored: EventStore;
  readonly documents: ReadStore;
  readonly tree: AuditTree;
}

/** What a record says, and the hash of its leaf as the tree has it. */
export interface ExportedRecord extends Omit<RecordEntry, 'kind' | 'record'> {
  readonly leafHash: Uint8Array;
}

const PAGE = 1_000;
const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString('base64');

/** Whether the tenant has the store to itself, so that the whole log is its own. */
export async function isAlone({ documents }: ExportSource, tenant: string): Promise<boolean> {
  for (const others of [{ $lt: tenant }, { $gt: tenant }] as Filter[]) {
    const { items } = await documents.query(audit.name, { filter: { tenant: others }, limit: 1 });
    if (items.length > 0) return false;
  }
  return true;
}

/** Every leaf up to the head, in order. Rejects with StoreDiffersFromTree. */
export async function* wholeLog({ stored, tree }: ExportSource, { size }: SignedHead): AsyncGenerator<ExportedRecord> {
  const hashes = new LeafHashes(tree, size);
  let leaf = 0;
  for (let position = START, end = false; !end && leaf < size;) {
    const slice = await stored.readAll({ position, hidden: true, limit: PAGE });
    for (const event of slice.events) {
      if (leaf === size) return;
      const own = hashOf(event);
      const place = await hashes.find(own, leaf);
      if (place === undefined) throw new StoreDiffersFromTree(leaf, event);
      for (; leaf < place; leaf++) yield gone(leaf, await hashes.at(leaf));
      yield { leaf: leaf++, content: { event: lettersOf(event) }, leafHash: own };
    }
    ({ position, end } = slice);
  }
  for (; leaf < size; leaf++) yield gone(leaf, await hashes.at(leaf));
}

/** What a query finds up to the head, each with its proof. Rejects with StoreDiffersFromTree. */
export async function* found(
  source: ExportSource,
  tenant: string,
  query: AuditQuery,
  { size, position }: SignedHead,
): AsyncGenerator<ExportedRecord> {
  const { tree } = source;
  const proofs = new MerkleProofs(new RememberedNodes(new HashTiles(source.documents)));
  for await (const document of eachAudited(source.documents, tenant, query)) {
    if (comparePositions(document.position, position) > 0) continue;
    const leaf = await tree.indexOf(document.position);
    if (leaf === undefined || leaf >= size) throw new StoreDiffersFromTree(leaf, document);
    const [leafHash] = await tree.leafHashes(leaf, leaf + 1);
    const proof = (await proofs.inclusion(leaf, size)).map(base64);
    const event = await eventOfDocument(source.stored, document);
    if (!event) yield { ...gone(leaf, leafHash!), proof };
    else if (!hashOf(event).equals(leafHash!)) throw new StoreDiffersFromTree(leaf, event);
    else yield { leaf, content: { event: lettersOf(event) }, proof, leafHash: leafHash! };
  }
}

/** Of the event as its export will be read: what cannot be read again as the same is better not exported. */
function hashOf(event: Recorded): Buffer {
  return leafHashOf(eventOf(lettersOf(event)));
}

function gone(leaf: number, leafHash: Uint8Array): ExportedRecord {
  return { leaf, content: { gone: base64(leafHash) }, leafHash };
}

/** Undefined where the store no longer has the event. */
async function eventOfDocument(stored: EventStore, document: AuditDocument): Promise<Recorded | undefined> {
  const { stream, revision, position } = document;
  const visible = await visibleEvent(stored, stream, revision);
  if (visible) return visible;
  // Hidden or deleted ones are seen in the global order only.
  const before = String(BigInt(position) - 1n);
  const { events } = await stored.readAll({ position: before, hidden: true, limit: 1 });
  return events[0]?.position === position ? events[0] : undefined;
}

async function visibleEvent(stored: EventStore, stream: string, revision: number): Promise<Recorded | undefined> {
  try {
    const { events } = await stored.read(stream, { from: revision, limit: 1 });
    return events[0]?.revision === revision ? events[0] : undefined;
  } catch (error) {
    if (error instanceof StreamDeleted) return undefined;
    throw error;
  }
}

/** The tree's leaves from one place on, a page at a time. */
class LeafHashes {
  #first = 0;
  #hashes: readonly Uint8Array[] = [];

  constructor(
    private readonly tree: AuditTree,
    private readonly size: number,
  ) {}

  async at(leaf: number): Promise<Uint8Array> {
    const within = leaf - this.#first;
    if (within < 0 || within >= this.#hashes.length) {
      this.#first = leaf;
      this.#hashes = await this.tree.leafHashes(leaf, Math.min(leaf + PAGE, this.size));
    }
    return this.#hashes[leaf - this.#first]!;
  }

  /** The leaf from this one on that has the hash: later than it where the store no longer has what is between. */
  async find(hash: Buffer, from: number): Promise<number | undefined> {
    for (let leaf = from; leaf < this.size; leaf++) if (hash.equals(await this.at(leaf))) return leaf;
    return undefined;
  }
}
