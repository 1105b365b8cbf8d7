import { START, type Position } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { leavesAfter, type AuditTree } from './audit-tree.js';
import { leafHashOf } from './leaf.js';
import { TileBuilder } from './tile-builder.js';
import { auditTiles, plainPosition, TILE_LEAVES, type TileDocument, tileId } from './tiles.js';
import { treeAdvance, type TreeProgress, treeProgress } from './tree-checkpoint.js';
import { TreeIncomplete } from './tree.errors.js';

const NOTHING: TreeProgress = { position: START, size: 0 };

export interface TreeWriterOptions {
  /** Most events in one write. */
  readonly pageSize: number;
  /** Fencing token of the lease, where there is one. */
  readonly token?: number;
}

/**
 * Writes the tree of the store's events, page by page, with the checkpoint. The same events always make the same tiles, so that a
 * write may be repeated; what is lost is made anew from the events.
 */
export class TreeWriter {
  #builder = new TileBuilder();
  #progress: TreeProgress | null = null;
  /** Ahead of the checkpoint by events that are no leaves. */
  #reached: Position = START;
  /** Position of the last leaf. */
  #lastLeaf: Position = START;

  constructor(
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly tree: AuditTree,
    private readonly options: TreeWriterOptions,
  ) {}

  /** Leaves that are written. */
  get size(): number {
    return this.#builder.size;
  }

  /** Position of the last leaf that is written; START where there is none. */
  get position(): Position {
    return this.#lastLeaf;
  }

  /** Goes on from what is written. True where that was of no use, and the tree begins anew: hashes are missing, or the store is another. */
  async load(): Promise<boolean> {
    // Another process may have made it anew meanwhile.
    this.tree.forget();
    this.#progress = await treeProgress(this.documents);
    const { size, position } = this.#progress ?? NOTHING;
    this.#reached = position;
    this.#lastLeaf = START;
    this.#builder = new TileBuilder();
    if (size === 0) return false;
    try {
      this.#lastLeaf = await this.#lastLeafOf(size);
      this.#builder = await TileBuilder.resume(this.documents, size);
      return false;
    } catch (error) {
      if (!(error instanceof TreeIncomplete)) throw error;
      await this.#empty();
      return true;
    }
  }

  /** Adds the next page of events. True where the end of the store was reached. */
  async grow(): Promise<boolean> {
    const reading = { position: this.#reached, hidden: true, limit: this.options.pageSize };
    const { events, position, end } = await this.events.readAll(reading);
    for (const event of events) {
      this.#builder.add(leafHashOf(event), this.#lastLeaf);
      this.#lastLeaf = event.position;
    }
    // What system events move the end by is not worth a write.
    if (events.length > 0) await this.#write({ position, size: this.#builder.size });
    this.#reached = position;
    return end;
  }

  async #write(to: TreeProgress): Promise<void> {
    const writes = this.#builder.takeWrites(this.#lastLeaf);
    await this.documents.write(writes, treeAdvance(this.#progress, to, this.options.token));
    this.#progress = to;
  }

  /**
   * The position of the last leaf. Its tile must be that of the events which stand there: rejects with TreeIncomplete where it is not,
   * as in a store that was put in the place of another, or back into an older state.
   */
  async #lastLeafOf(size: number): Promise<Position> {
    const index = Math.floor((size - 1) / TILE_LEAVES);
    const tile = await this.documents.get<never>(auditTiles.name, tileId(0, index));
    const { after } = (tile ?? {}) as Partial<TileDocument>;
    if (after === undefined) throw new TreeIncomplete();
    const hashes = await this.tree.leafHashes(index * TILE_LEAVES, size);
    const events = await leavesAfter(this.events, plainPosition(after), hashes.length);
    const isSame = events.length === hashes.length && events.every((event, i) => leafHashOf(event).equals(hashes[i]!));
    if (!isSame) throw new TreeIncomplete();
    return events.at(-1)!.position;
  }

  /** Done half, it is done again: as long as the checkpoint speaks of tiles that are gone, the tree does not load. */
  async #empty(): Promise<void> {
    const to = this.#progress!;
    // Rejects where another process has the lease by now.
    await this.documents.write([], treeAdvance(this.#progress, to, this.options.token));
    const empty = { ...auditTiles, name: `${auditTiles.name}/next` };
    await this.documents.drop(empty.name);
    await this.documents.define(empty);
    await this.documents.replace(auditTiles.name, empty.name);
    this.tree.forget();
    this.#builder = new TileBuilder();
    this.#lastLeaf = START;
    this.#reached = START;
    await this.#write(NOTHING);
  }
}
