import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hashes.js';

/** A claim that a leaf stands in a tree. */
export interface InclusionClaim {
  /** Place of the leaf, from 0. */
  readonly index: number;
  /** Leaves of the tree. */
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** A claim that a tree begins with an older, smaller one. */
export interface ConsistencyClaim {
  readonly from: number;
  readonly fromRoot: Uint8Array;
  readonly to: number;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the proof shows it (RFC 9162, section 2.1.3.2). Never throws: what has another form shows nothing. */
export function verifyInclusion({ index, size, leafHash, root, proof }: InclusionClaim): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || ![leafHash, root, ...proof].every(isHash)) return false;
  const way = new Way(index, size - 1);
  let hash = leafHash;
  for (const sibling of proof) {
    if (way.last === 0) return false;
    hash = way.isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    way.climb();
  }
  return way.last === 0 && isSame(hash, root);
}

/** Whether the proof shows it (RFC 9162, section 2.1.4.2). Every tree begins with the empty one. Never throws. */
export function verifyConsistency({ from, fromRoot, to, toRoot, proof }: ConsistencyClaim): boolean {
  if (!isSize(from) || !isSize(to) || from > to || ![fromRoot, toRoot, ...proof].every(isHash)) return false;
  if (from === 0 && !isSame(fromRoot, EMPTY_ROOT)) return false;
  if (from === to) return proof.length === 0 && isSame(fromRoot, toRoot);
  if (from === 0) return proof.length === 0;
  const isFull = Number.isInteger(Math.log2(from));
  const [first, ...rest] = isFull ? [fromRoot, ...proof] : proof;
  if (!first || proof.length === 0) return false;
  const way = new Way(from - 1, to - 1);
  while (way.node % 2 === 1) way.step();
  let [older, newer] = [first, first];
  for (const sibling of rest) {
    if (way.last === 0) return false;
    if (way.isRight) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
    } else {
      newer = nodeHash(newer, sibling);
    }
    way.climb();
  }
  return way.last === 0 && isSame(older, fromRoot) && isSame(newer, toRoot);
}

/** The way from a node to the root: where it stands among the nodes of its level, and where the last of them does. */
class Way {
  constructor(
    public node: number,
    public last: number,
  ) {}

  /** Whether the sibling in the proof stands on the left. */
  get isRight(): boolean {
    return this.node % 2 === 1 || this.node === this.last;
  }

  /** To the parent; a last node without a sibling stands for its parents up to the one that has a sibling. */
  climb(): void {
    if (this.isRight) while (this.node % 2 === 0 && this.node !== 0) this.step();
    this.step();
  }

  step(): void {
    this.node = Math.floor(this.node / 2);
    this.last = Math.floor(this.last / 2);
  }
}

function isSize(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function isHash(bytes: unknown): boolean {
  return bytes instanceof Uint8Array && bytes.length === HASH_BYTES;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
