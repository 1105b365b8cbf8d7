import { rootOf } from './merkle-tree.js';

/** A full subtree: the `index`-th of 2^level leaves. Level 0 are the leaves themselves. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Where the hashes of a tree are kept. */
export interface NodeSource {
  /** The roots of these subtrees, in their order. Each lies within the tree. */
  nodes(subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]>;
}

/** Leaves from the first one up to the one before the second. */
type Range = readonly [from: number, to: number];

/** Makes roots and proofs (RFC 9162, section 2.1) of a tree whose hashes are kept. Check them with `verifyInclusion` and `verifyConsistency`. */
export class MerkleProofs {
  constructor(private readonly source: NodeSource) {}

  /** The root that the tree had when it had so many leaves. */
  async root(size: number): Promise<Uint8Array> {
    const [root] = await this.#hashes([[0, size]]);
    return root!;
  }

  /** That the leaf at the index stands in the tree of this size. Throws RangeError where it cannot. */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    if (!isIndex(index) || !isIndex(size) || index >= size) throw new RangeError(`No leaf ${index} among ${size}.`);
    return this.#hashes(inclusionPath(index, size));
  }

  /** That the tree of `to` leaves begins with the tree of `from` leaves. Throws RangeError where it cannot. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    if (!isIndex(from) || !isIndex(to) || from > to) throw new RangeError(`${to} leaves do not begin with ${from}.`);
    return this.#hashes(from === 0 ? [] : consistencyPath(from, to));
  }

  async #hashes(ranges: readonly Range[]): Promise<Uint8Array[]> {
    const parts = ranges.map(([from, to]) => fullSubtrees(from, to));
    const nodes = await this.source.nodes(parts.flat());
    let taken = 0;
    return parts.map(({ length }) => rootOf(nodes.slice(taken, (taken += length))));
  }
}

function isIndex(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

/** The full subtrees that a range of a tree is made of, the largest first. */
export function fullSubtrees(from: number, to: number): Subtree[] {
  const subtrees: Subtree[] = [];
  while (from < to) {
    let level = 0;
    let size = 1;
    while (from % (size * 2) === 0 && from + size * 2 <= to) {
      size *= 2;
      level++;
    }
    subtrees.push({ level, index: from / size });
    from += size;
  }
  return subtrees;
}

/** PATH(m, D_n) of section 2.1.3.1, from the leaf up. */
function inclusionPath(index: number, size: number): Range[] {
  const path: Range[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      path.push([middle, to]);
      to = middle;
    } else {
      path.push([from, middle]);
      from = middle;
    }
  }
  return path.reverse();
}

/** PROOF(m, D_n) of section 2.1.4.1. What both trees have in common from their first leaf on need not be told. */
function consistencyPath(size: number, of: number): Range[] {
  const path: Range[] = [];
  let from = 0;
  let to = of;
  while (to !== size) {
    const middle = from + largestPowerBelow(to - from);
    if (size <= middle) {
      path.push([middle, to]);
      to = middle;
    } else {
      path.push([from, middle]);
      from = middle;
    }
  }
  if (from > 0) path.push([from, to]);
  return path.reverse();
}

/** The largest power of two that is smaller. */
function largestPowerBelow(number: number): number {
  let power = 1;
  while (power * 2 < number) power *= 2;
  return power;
}
