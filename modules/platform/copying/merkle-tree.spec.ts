import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { MerkleTree } from './merkle-tree.js';

const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leaves = Array.from({ length: 40 }, (_, n) => Buffer.from(`leaf ${n}`));

/** The definition of RFC 9162, section 2.1.1, word for word. */
function definition(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha(Buffer.of(0), entries[0]!);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha(Buffer.of(1), definition(entries.slice(0, k)), definition(entries.slice(k)));
}

it('has the root that the RFC defines, whatever the number of leaves', () => {
  const tree = new MerkleTree();
  expect(tree.root()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const [n, leaf] of leaves.entries()) {
    tree.add(leaf);
    expect(tree.size).toBe(n + 1);
    expect(tree.root()).toBe(definition(leaves.slice(0, n + 1)).toString('hex'));
  }
});
