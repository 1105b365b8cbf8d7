import type { MerkleTree } from '#platform/merkle/merkle-tree';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { auditTiles, HashTiles } from '../tree/tiles.js';
import { treeSize } from '../tree/tree-checkpoint.js';

/** Hashes that are read at once. */
const PAGE = 16_384;

/**
 * The leaf hashes that the tree's runner has kept. They are trusted as far as a signed head says the same; what is not there or
 * cannot be read is not missed: it only makes what is found less exact.
 */
export class KeptHashes {
  #hashes: readonly Uint8Array[] = [];
  #from = 0;

  static async open(documents: ReadStore | undefined): Promise<KeptHashes> {
    if (!documents) return new KeptHashes(0);
    try {
      await documents.define(auditTiles);
      return new KeptHashes(await treeSize(documents), new HashTiles(documents));
    } catch {
      return new KeptHashes(0);
    }
  }

  private constructor(
    private available: number,
    private readonly tiles?: HashTiles,
  ) {}

  /** Hashes that there are. */
  get size(): number {
    return this.available;
  }

  /** From now on there are none. */
  giveUp(): void {
    this.available = 0;
  }

  /** Undefined where there is none. */
  async at(index: number): Promise<Uint8Array | undefined> {
    if (index >= this.available) return undefined;
    const known = this.#hashes[index - this.#from];
    if (known || !this.tiles) return known;
    try {
      this.#hashes = await this.tiles.leafHashes(index, Math.min(index + PAGE, this.available));
      this.#from = index;
      return this.#hashes[0];
    } catch {
      this.available = index;
      return undefined;
    }
  }

  /** The root that the tree gets by the hashes up to this size; undefined where some are missing. */
  async rootAfter(tree: MerkleTree, size: number): Promise<Uint8Array | undefined> {
    const grown = tree.copy();
    while (grown.size < size) {
      const hash = await this.at(grown.size);
      if (!hash) return undefined;
      grown.addHash(hash);
    }
    return grown.root();
  }

  /** At most so many hashes from an index on. */
  async some(index: number, most: number): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (let at = index; hashes.length < most; at++) {
      const hash = await this.at(at);
      if (!hash) break;
      hashes.push(hash);
    }
    return hashes;
  }
}
