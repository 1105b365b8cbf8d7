import { hash } from 'node:crypto';

/** Length of every hash in a tree. */
export const HASH_BYTES = 32;

/** What is hashed as a leaf can never pass for a node (RFC 9162, section 2.1.1). */
export const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array());

/** The hash of a leaf: SHA-256(0x00 || leaf). */
export function leafHash(leaf: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.of(LEAF_PREFIX), leaf]));
}

/** One for all: hashing happens at once, and making 65 bytes anew takes longer than to hash them. */
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** The hash of a node: SHA-256(0x01 || left || right). Both have 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}
