import { EMPTY_ROOT, leafHash, nodeHash } from './hashes.js';

/**
 * The root of a Merkle tree over leaves that come one after the other (RFC 9162, section 2.1.1), in memory that grows with the
 * logarithm of their number.
 */
export class MerkleTree {
  /** Roots of full subtrees, the largest first; the sizes are the bits of `#size`. */
  #subtrees: Uint8Array[] = [];
  #size = 0;

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  add(leaf: Uint8Array): void {
    this.addHash(leafHash(leaf));
  }

  /** Adds a leaf whose hash is known. */
  addHash(hash: Uint8Array): void {
    let node = hash;
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) node = nodeHash(this.#subtrees.pop()!, node);
    this.#subtrees.push(node);
    this.#size++;
  }

  /** Of no leaves it is the hash of nothing. */
  root(): Uint8Array {
    return rootOf(this.#subtrees);
  }

  /** The same tree, that can grow another way from here. */
  copy(): MerkleTree {
    const copy = new MerkleTree();
    copy.#subtrees = [...this.#subtrees];
    copy.#size = this.#size;
    return copy;
  }
}

/** The root over full subtrees that stand side by side, the largest first. */
export function rootOf(subtrees: readonly Uint8Array[]): Uint8Array {
  const root = subtrees.reduceRight<Uint8Array | undefined>(
    (right, left) => (right ? nodeHash(left, right) : left),
    undefined,
  );
  return root ?? EMPTY_ROOT;
}
