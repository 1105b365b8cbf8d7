import { LRUCache } from 'lru-cache';
import type { Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import { HASH_BYTES, nodeHash } from '#platform/merkle/hashes';
import type { NodeSource, Subtree } from '#platform/merkle/merkle-proofs';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { TreeIncomplete } from './tree.errors.js';

/** Hashes in a full tile, and the levels of the tree that one level of tiles stands for: 256 is 2^8. */
export const TILE_LEAVES = 256;
const TILE_LEVELS = 8;
/** Full tiles that are kept in memory: 8 KiB each. */
const KEPT = 256;
/** Tiles that are read at once. */
const AT_ONCE = 64;

/**
 * Neighbouring hashes of the tree. On level 0 those of leaves; above, each stands for a full tile of the level below. A full tile
 * never changes.
 */
export interface TileDocument {
  readonly level: number;
  readonly index: number;
  /** In base64, one after the other. */
  readonly hashes: string;
  /** On level 0: the position of the last leaf before the tile, as {@link paddedPosition} writes it. */
  readonly after?: string;
}

export const auditTiles: ReadModel<TileDocument> = { name: 'audit_tiles', indexes: [{ fields: ['level', 'after'] }] };

export function tileId(level: number, index: number): string {
  return `${level}/${index}`;
}

/** A position whose order is that of its text. */
export function paddedPosition(position: Position): string {
  return position.padStart(20, '0');
}

export function plainPosition(padded: string): Position {
  return padded.replace(/^0+(?=\d)/, '');
}

/** The tree's hashes as they are written. Reads reject with TreeIncomplete where hashes are not there. */
export class HashTiles implements NodeSource {
  readonly #full = new LRUCache<string, Buffer>({ max: KEPT });

  constructor(private readonly documents: ReadStore) {}

  async nodes(subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]> {
    const places = subtrees.map(placeOf);
    const tiles = await this.#tiles(places.map(({ level, tile }) => tileId(level, tile)));
    return places.map(({ level, tile, from, count }) => {
      const bytes = tiles.get(tileId(level, tile))!;
      if (bytes.length < (from + count) * HASH_BYTES) throw new TreeIncomplete();
      return fullRoot(bytes, from, count);
    });
  }

  async leafHashes(from: number, to: number): Promise<readonly Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (let at = from; at < to;) {
      const first = Math.floor(at / TILE_LEAVES);
      const last = Math.min(first + AT_ONCE - 1, Math.floor((to - 1) / TILE_LEAVES));
      const ids = Array.from({ length: last - first + 1 }, (_, i) => tileId(0, first + i));
      const tiles = await this.#tiles(ids);
      for (const [i, id] of ids.entries()) {
        const begin = (first + i) * TILE_LEAVES;
        const end = Math.min(to, begin + TILE_LEAVES);
        const bytes = tiles.get(id)!;
        if (bytes.length < (end - begin) * HASH_BYTES) throw new TreeIncomplete();
        for (; at < end; at++) hashes.push(hashAt(bytes, at - begin));
      }
    }
    return hashes;
  }

  forget(): void {
    this.#full.clear();
  }

  /** The bytes of these tiles, each at least once in the list. */
  async #tiles(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const found = new Map<string, Buffer>();
    const missing = new Set<string>();
    for (const id of ids) {
      const full = this.#full.get(id);
      if (full) found.set(id, full);
      else missing.add(id);
    }
    const documents = missing.size > 0 ? await this.documents.getMany<never>(auditTiles.name, [...missing]) : new Map();
    for (const id of missing) {
      const document = documents.get(id) as TileDocument | undefined;
      if (!document) throw new TreeIncomplete();
      const bytes = Buffer.from(document.hashes, 'base64');
      found.set(id, bytes);
      if (bytes.length === TILE_LEAVES * HASH_BYTES) this.#full.set(id, bytes);
    }
    return found;
  }
}

interface Place {
  readonly level: number;
  readonly tile: number;
  /** Hashes in the tile that the subtree is made of. */
  readonly from: number;
  readonly count: number;
}

function placeOf({ level, index }: Subtree): Place {
  const count = 2 ** (level % TILE_LEVELS);
  const first = index * count;
  const tile = Math.floor(first / TILE_LEAVES);
  return { level: Math.floor(level / TILE_LEVELS), tile, from: first - tile * TILE_LEAVES, count };
}

export function hashAt(bytes: Buffer, index: number): Buffer {
  return bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

/** The root of the full subtree over so many hashes, a power of two. */
export function fullRoot(bytes: Buffer, from: number, count: number): Buffer {
  if (count === 1) return hashAt(bytes, from);
  return nodeHash(fullRoot(bytes, from, count / 2), fullRoot(bytes, from + count / 2, count / 2));
}
