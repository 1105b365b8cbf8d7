import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { EMPTY_ROOT, leafHash } from './hashes.js';
import { MerkleProofs, type NodeSource, type Subtree } from './merkle-proofs.js';
import { MerkleTree } from './merkle-tree.js';
import { verifyConsistency, verifyInclusion } from './verify-proofs.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hex = (hash: Uint8Array) => Buffer.from(hash).toString('hex');
const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** The leaves and hashes that the reference tests of Certificate Transparency have used since RFC 6962. */
const LEAVES = [
  ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'],
].map(bytes);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [number, number, string[]][] = [
  [0, 1, []],
  [
    ...[0, 8],
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    ...[5, 8],
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    ...[1, 5],
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
] as [number, number, string[]][];
const CONSISTENCY: [number, number, string[]][] = [
  [1, 1, []],
  [
    ...[1, 8],
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    ...[6, 8],
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    ...[2, 5],
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
  [
    ...[6, 7],
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
] as [number, number, string[]][];

/** MTH(D_n) of RFC 9162, section 2.1.1, word for word. */
function definition(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha(Buffer.of(0), entries[0]!);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha(Buffer.of(1), definition(entries.slice(0, k)), definition(entries.slice(k)));
}

/** Keeps nothing but the leaves. */
class Leaves implements NodeSource {
  constructor(private readonly leaves: readonly Uint8Array[]) {}

  async nodes(subtrees: readonly Subtree[]): Promise<Uint8Array[]> {
    return subtrees.map(({ level, index }) => {
      const size = 2 ** level;
      expect((index + 1) * size).toBeLessThanOrEqual(this.leaves.length);
      return definition(this.leaves.slice(index * size, (index + 1) * size));
    });
  }
}

const proofs = new MerkleProofs(new Leaves(LEAVES));

describe('with the published test vectors', () => {
  it.each(ROOTS.map((root, size) => [size, root] as const))(
    'the tree of %d leaves has its root',
    async (size, root) => {
      const tree = new MerkleTree();
      for (const leaf of LEAVES.slice(0, size)) tree.add(leaf);
      expect(tree.size).toBe(size);
      expect(hex(tree.root())).toBe(root);
      expect(hex(await proofs.root(size))).toBe(root);
    },
  );

  it.each(INCLUSION)('leaf %d of %d has its proof, and only that', async (index, size, known) => {
    const proof = await proofs.inclusion(index, size);
    expect(proof.map(hex)).toEqual(known);
    const claim = { index, size, leafHash: leafHash(LEAVES[index]!), root: bytes(ROOTS[size]!), proof };
    expect(verifyInclusion(claim)).toBe(true);
    const garbage = [new Uint8Array(), claim.root, bytes('abacaba0'.repeat(8))];
    const wrong = [
      ...[index - 1, index + 1, index ^ 2].map((other) => ({ ...claim, index: other })),
      ...[size * 2, Math.floor(size / 2)].map((other) => ({ ...claim, size: other })),
      ...[Buffer.from('WrongLeaf'), garbage[2]!].map((other) => ({ ...claim, leafHash: other })),
      ...[EMPTY_ROOT, garbage[2]!, new Uint8Array()].map((root) => ({ ...claim, root })),
      ...garbage.flatMap((more) => [
        { ...claim, proof: [...proof, more] },
        { ...claim, proof: [more, ...proof] },
      ]),
      ...proof.map((_, i) => ({ ...claim, proof: proof.toSpliced(i, 1) })),
    ];
    for (const each of wrong) expect(verifyInclusion(each)).toBe(false);
  });

  it.each(CONSISTENCY)('%d leaves are the beginning of %d, by their proof only', async (from, to, known) => {
    const proof = await proofs.consistency(from, to);
    expect(proof.map(hex)).toEqual(known);
    const claim = { from, fromRoot: bytes(ROOTS[from]!), to, toRoot: bytes(ROOTS[to]!), proof };
    expect(verifyConsistency(claim)).toBe(true);
    if (from === to) return;
    const garbage = [new Uint8Array(), claim.fromRoot, claim.toRoot, proof[0]!];
    const wrong = [
      ...[from - 1, from + 1, from ^ 2].map((other) => ({ ...claim, from: other })),
      ...[to * 2, Math.floor(to / 2)].map((other) => ({ ...claim, to: other })),
      { ...claim, fromRoot: Buffer.from('WrongRoot') },
      { ...claim, toRoot: Buffer.from('WrongRoot') },
      { ...claim, fromRoot: claim.toRoot, toRoot: claim.fromRoot },
      { ...claim, proof: [] },
      ...garbage.flatMap((more) => [
        { ...claim, proof: [...proof, more] },
        { ...claim, proof: [more, ...proof] },
      ]),
      ...proof.map((_, i) => ({ ...claim, proof: proof.toSpliced(i, 1) })),
    ];
    for (const each of wrong) expect(verifyConsistency(each)).toBe(false);
  });

  it('says which sizes need no proof, and which have none', () => {
    const [empty, one, two] = ROOTS.map(bytes);
    const between = (from: number, fromRoot: Buffer, to: number, toRoot: Buffer, proof: Buffer[] = []) =>
      verifyConsistency({ from, fromRoot, to, toRoot, proof });
    expect(between(0, empty!, 0, empty!)).toBe(true);
    expect(between(0, empty!, 1, one!)).toBe(true);
    expect(between(1, one!, 1, one!)).toBe(true);
    expect(between(0, one!, 1, one!)).toBe(false);
    expect(between(0, empty!, 0, one!)).toBe(false);
    expect(between(1, one!, 0, empty!)).toBe(false);
    expect(between(2, two!, 1, one!)).toBe(false);
    expect(between(1, one!, 2, two!)).toBe(false);
    expect(between(1, one!, 1, one!, [empty!])).toBe(false);
    expect(between(0, empty!, 1, one!, [empty!])).toBe(false);
    for (const [index, size] of [
      [0, 0],
      [1, 0],
      [2, 1],
      [-1, 1],
      [0.5, 1],
    ] as const) {
      expect(verifyInclusion({ index, size, leafHash: one!, root: one!, proof: [] })).toBe(false);
    }
    expect(() => proofs.inclusion(8, 8)).toThrow(RangeError);
    expect(() => proofs.consistency(8, 7)).toThrow(RangeError);
  });
});

describe('of any size', () => {
  const leavesOf = (size: number) => Array.from({ length: size }, (_, n) => Buffer.from(`leaf ${n}`));
  const sizes = fc.integer({ min: 1, max: 150 });

  it('the roots are those of the definition, and every proof holds', async () => {
    const property = fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, a, b) => {
      const leaves = leavesOf(size);
      const own = new MerkleProofs(new Leaves(leaves));
      const tree = new MerkleTree();
      for (const leaf of leaves) tree.add(leaf);
      const root = await own.root(size);
      expect(hex(tree.root())).toBe(hex(definition(leaves)));
      expect(hex(root)).toBe(hex(definition(leaves)));

      const index = a % size;
      const inclusion = {
        index,
        size,
        leafHash: leafHash(leaves[index]!),
        root,
        proof: await own.inclusion(index, size),
      };
      expect(verifyInclusion(inclusion)).toBe(true);
      const from = b % (size + 1);
      const proof = await own.consistency(from, size);
      expect(verifyConsistency({ from, fromRoot: await own.root(from), to: size, toRoot: root, proof })).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('no mutated proof holds', async () => {
    const property = fc.asyncProperty(sizes, fc.nat(), fc.nat(), fc.nat(255), async (size, a, bit, which) => {
      const leaves = leavesOf(size);
      const own = new MerkleProofs(new Leaves(leaves));
      const root = await own.root(size);
      const index = a % size;
      const proof = await own.inclusion(index, size);
      const leaf = leafHash(leaves[index]!);
      const hashes = [leaf, root, ...proof];
      const place = which % hashes.length;
      const [leafHash_, root_, ...proof_] = hashes.with(place, flipped(hashes[place]!, bit));
      expect(verifyInclusion({ index, size, leafHash: leafHash_!, root: root_!, proof: proof_ })).toBe(false);
      const other = which % size;
      if (other !== index) expect(verifyInclusion({ index: other, size, leafHash: leaf, root, proof })).toBe(false);

      const from = 1 + (a % size);
      const parts = [await own.root(from), root, ...(await own.consistency(from, size))];
      const at = which % parts.length;
      const [fromRoot, toRoot, ...path] = parts.with(at, flipped(parts[at]!, bit));
      expect(verifyConsistency({ from, fromRoot: fromRoot!, to: size, toRoot: toRoot!, proof: path })).toBe(false);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('a tree can be copied and grow two ways', () => {
    const tree = new MerkleTree();
    for (const leaf of leavesOf(7)) tree.add(leaf);
    const copy = tree.copy();
    copy.add(Buffer.from('another'));
    expect(hex(tree.root())).toBe(hex(definition(leavesOf(7))));
    expect(hex(copy.root())).toBe(hex(definition([...leavesOf(7), Buffer.from('another')])));
  });
});

function flipped(hash: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(hash);
  copy[Math.floor((bit % 256) / 8)]! ^= 1 << (bit % 8);
  return copy;
}
