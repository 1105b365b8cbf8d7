import { LRUCache } from 'lru-cache';
import type { NodeSource, Subtree } from '#platform/merkle/merkle-proofs';

/** Enough for the ways from neighbouring leaves to the root, many times over. */
const REMEMBERED = 20_000;

const nameOf = ({ level, index }: Subtree): string => `${level}/${index}`;

/**
 * Nodes that were asked for before: proofs of neighbouring leaves have most of them in common, and a node is made of up to 255
 * hashes each time. A full subtree never changes.
 */
export class RememberedNodes implements NodeSource {
  readonly #known = new LRUCache<string, Uint8Array>({ max: REMEMBERED });

  constructor(private readonly source: NodeSource) {}

  async nodes(subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]> {
    const hashes = subtrees.map((subtree) => this.#known.get(nameOf(subtree)));
    const missing = subtrees.filter((_, i) => !hashes[i]);
    if (missing.length === 0) return hashes as Uint8Array[];
    const found = await this.source.nodes(missing);
    // What the source gives may lie within a whole tile: a copy lets the tile go.
    missing.forEach((subtree, i) => this.#known.set(nameOf(subtree), Uint8Array.from(found[i]!)));
    let next = 0;
    return hashes.map((hash) => hash ?? found[next++]!);
  }
}
