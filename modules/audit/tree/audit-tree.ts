import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import { LRUCache } from 'lru-cache';
import type { EventStore } from '#platform/event-store/event-store.port';
import { MerkleProofs } from '#platform/merkle/merkle-proofs';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { auditTiles, HashTiles, paddedPosition, plainPosition, TILE_LEAVES, type TileDocument } from './tiles.js';
import { treeProgress, treeSize } from './tree-checkpoint.js';

/** Tiles whose events' positions are remembered. */
const REMEMBERED = 64;

/** Where a tile's events stand in the store. */
interface TilePlaces {
  readonly index: number;
  readonly positions: readonly Position[];
}

/**
 * The Merkle tree (RFC 9162) over all events of the store that are not of system streams, in the global order, hidden ones too: what
 * the runner has written of it, a moment behind the events. Leaf `index` counts from 0.
 */
export class AuditTree {
  readonly #tiles: HashTiles;
  readonly #proofs: MerkleProofs;
  readonly #places = new LRUCache<number, TilePlaces>({ max: REMEMBERED });
  #lastPlaces: TilePlaces | undefined;

  /** `events` must be `STORED_EVENTS`. */
  constructor(
    private readonly events: EventStore,
    private readonly documents: ReadStore,
  ) {
    this.#tiles = new HashTiles(documents);
    this.#proofs = new MerkleProofs(this.#tiles);
  }

  /** Leaves that the tree has. */
  size(): Promise<number> {
    return treeSize(this.documents);
  }

  /** Up to here all events are in the tree. */
  async reached(): Promise<Position> {
    return (await treeProgress(this.documents))?.position ?? START;
  }

  /** The root over the first leaves. Rejects with TreeIncomplete where the tree has fewer. */
  root(size: number): Promise<Uint8Array> {
    return this.#proofs.root(size);
  }

  /** Hashes of the leaves from one up to the one before the other. Rejects with TreeIncomplete. */
  leafHashes(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#tiles.leafHashes(from, to);
  }

  /** Proof that the leaf stands in the tree of this size. Rejects with TreeIncomplete, or RangeError where `index >= size`. */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#proofs.inclusion(index, size);
  }

  /** Proof that the tree of `to` leaves begins with the one of `from` leaves. Rejects with TreeIncomplete, or RangeError. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#proofs.consistency(from, to);
  }

  /**
   * Index of the leaf of the event at this position; undefined where none is in the tree: it is of a system stream, or the tree is
   * not there yet. Quick for positions that are close to each other.
   */
  async indexOf(position: Position): Promise<number | undefined> {
    const places = this.#hasPlace(position) ? this.#lastPlaces! : await this.#placesAround(position);
    if (!places) return undefined;
    this.#lastPlaces = places;
    const within = places.positions.indexOf(position);
    return within < 0 ? undefined : places.index * TILE_LEAVES + within;
  }

  /** Forgets what it keeps in memory: the tree was made anew. */
  forget(): void {
    this.#tiles.forget();
    this.#places.clear();
    this.#lastPlaces = undefined;
  }

  #hasPlace(position: Position): boolean {
    const { positions = [] } = this.#lastPlaces ?? {};
    return (
      positions.length > 0 &&
      comparePositions(position, positions[0]!) >= 0 &&
      comparePositions(position, positions.at(-1)!) <= 0
    );
  }

  async #placesAround(position: Position): Promise<TilePlaces | undefined> {
    const size = await this.size();
    const { items } = await this.documents.query<TileDocument>(auditTiles.name, {
      filter: { level: 0, after: { $lt: paddedPosition(position) } },
      sort: { level: -1, after: -1 },
      fields: ['index', 'after'],
      limit: 1,
    });
    const [tile] = items;
    if (!tile) return undefined;
    const { index, after } = tile.document;
    const known = this.#places.get(index);
    if (known) return known;
    const count = Math.min(TILE_LEAVES, size - index * TILE_LEAVES);
    const places = { index, positions: (await leavesAfter(this.events, plainPosition(after!), count)).map(positionOf) };
    if (count === TILE_LEAVES) this.#places.set(index, places);
    return places;
  }
}

function positionOf({ position }: Recorded): Position {
  return position;
}

/** The next so many events that are leaves of the tree; fewer where the store ends before. */
export async function leavesAfter(events: EventStore, after: Position, count: number): Promise<readonly Recorded[]> {
  const leaves: Recorded[] = [];
  for (let position = after || START, end = false; !end && leaves.length < count;) {
    const slice = await events.readAll({ position, hidden: true, limit: count - leaves.length });
    leaves.push(...slice.events);
    ({ position, end } = slice);
  }
  return leaves;
}
