import type { Position } from '#kernel/event';
import { HASH_BYTES } from '#platform/merkle/hashes';
import type { ReadStore, Write } from '#platform/read-store/read-store.port';
import { auditTiles, fullRoot, paddedPosition, TILE_LEAVES, type TileDocument, tileId } from './tiles.js';
import { TreeIncomplete } from './tree.errors.js';

/** The last tile of a level: not full yet. */
interface OpenTile {
  index: number;
  count: number;
  after: string | undefined;
  readonly bytes: Buffer;
  isChanged: boolean;
}

/** Grows the tree leaf by leaf, and says which tiles are to be written. The same leaves always make the same tiles. */
export class TileBuilder {
  readonly #open: OpenTile[] = [];
  #full: { id: string; document: TileDocument }[] = [];
  #size = 0;

  /** Goes on behind the leaves that are written. Rejects with TreeIncomplete where tiles are missing. */
  static async resume(documents: ReadStore, size: number): Promise<TileBuilder> {
    const builder = new TileBuilder();
    builder.#size = size;
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_LEAVES)) {
      const index = Math.floor(count / TILE_LEAVES);
      const tile = openTile(index);
      builder.#open[level] = tile;
      tile.count = count % TILE_LEAVES;
      if (tile.count === 0) continue;
      const document = await documents.get<never>(auditTiles.name, tileId(level, index));
      const { hashes = '', after } = (document ?? {}) as Partial<TileDocument>;
      const bytes = Buffer.from(hashes, 'base64');
      if (bytes.length < tile.count * HASH_BYTES) throw new TreeIncomplete();
      // Without transactions a tile can be ahead of the checkpoint; what is beyond it comes again, and is the same.
      bytes.copy(tile.bytes, 0, 0, tile.count * HASH_BYTES);
      tile.after = after;
    }
    return builder;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** `after` is the position of the leaf before, START for the first one. */
  add(leafHash: Uint8Array, after: Position): void {
    this.#put(0, leafHash, after);
    this.#size++;
  }

  /** What has to be written since it was asked for last; `position` is that of the last leaf. */
  takeWrites(position: Position): Write[] {
    const open = this.#open.flatMap((tile, level) => {
      if (!tile.isChanged) return [];
      tile.isChanged = false;
      return [documentOf(level, tile)];
    });
    const changed = [...this.#full, ...open];
    this.#full = [];
    return changed.map(({ id, document }) => ({ collection: auditTiles.name, id, document, position }));
  }

  #put(level: number, hash: Uint8Array, after?: Position): void {
    const tile = (this.#open[level] ??= openTile(0));
    if (tile.count === 0 && after !== undefined) tile.after = paddedPosition(after);
    tile.bytes.set(hash, tile.count * HASH_BYTES);
    tile.count++;
    tile.isChanged = true;
    if (tile.count < TILE_LEAVES) return;
    this.#full.push(documentOf(level, tile));
    this.#put(level + 1, fullRoot(tile.bytes, 0, TILE_LEAVES));
    tile.index++;
    tile.count = 0;
    tile.isChanged = false;
  }
}

function openTile(index: number): OpenTile {
  return { index, count: 0, after: undefined, bytes: Buffer.alloc(TILE_LEAVES * HASH_BYTES), isChanged: false };
}

function documentOf(level: number, { index, count, after, bytes }: OpenTile): { id: string; document: TileDocument } {
  const hashes = bytes.subarray(0, count * HASH_BYTES).toString('base64');
  return { id: tileId(level, index), document: { level, index, hashes, ...(level === 0 && { after }) } };
}
