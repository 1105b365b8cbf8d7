import { createHash } from 'node:crypto';

/**
 * The root of a Merkle tree over leaves that come one after the other (RFC 9162, section 2.1.1), in memory that grows with the
 * logarithm of their number.
 */
export class MerkleTree {
  /** Roots of full subtrees, the largest first; the sizes are the bits of `#size`. */
  readonly #subtrees: Buffer[] = [];
  #size = 0;

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  add(leaf: Uint8Array): void {
    let node = hash(LEAF, leaf);
    for (let size = this.#size; size % 2 === 1; size = Math.floor(size / 2))
      node = hash(NODE, this.#subtrees.pop()!, node);
    this.#subtrees.push(node);
    this.#size++;
  }

  /** In hexadecimal; of no leaves it is the hash of nothing. */
  root(): string {
    const root = this.#subtrees.reduceRight<Buffer | undefined>(
      (right, left) => (right ? hash(NODE, left, right) : left),
      undefined,
    );
    return (root ?? hash()).toString('hex');
  }
}

/** What is hashed as a leaf can never pass for a node. */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

function hash(...parts: readonly Uint8Array[]): Buffer {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest();
}
