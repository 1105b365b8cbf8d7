import { LRUCache } from 'lru-cache';
import type { EventStore } from '#platform/event-store/event-store.port';
import { KeysLost } from './erasure.errors.js';
import type { KeyStore } from './key-store.js';
import { sealingBegan } from './sealing-mark.js';

/** In the store since before anything was sealed among these events. */
const FIRST = 'first';
/** In a store that was empty although something was sealed: the one before it is gone. */
const ANEW = 'anew';
const NOTED_AT_MOST = 1_000;

/**
 * Tells keys that were lost from keys that were destroyed: of an erased subject the record stays, so that a store without any, or
 * without the record of a key that sealed something, is not the one that these events belong to.
 */
export class KeyLoss {
  readonly #missing = new LRUCache<string, true>({ max: NOTED_AT_MOST });
  #isNoted = false;

  constructor(
    private readonly store: KeyStore,
    private readonly events: EventStore,
  ) {}

  /** Before a key is made, and before sealing begins: notes in the store whether it is the first one. */
  async noteOrigin(): Promise<void> {
    if (this.#isNoted) return;
    // In this order: where another process begins meanwhile, its note is there by the time that its beginning is seen.
    const hasBegun = await sealingBegan(this.events);
    if (await this.store.isEmpty()) await this.store.note(hasBegun ? ANEW : FIRST);
    this.#isNoted = true;
  }

  /** The store has, or has not, any record of a key that something was sealed with. */
  looked(keyId: string, isThere: boolean): void {
    if (isThere) this.#missing.delete(keyId);
    else this.#missing.set(keyId, true);
  }

  /** What is wrong; undefined where no key is known to be lost. Rejects where a store does not answer. */
  async find(): Promise<KeysLost | undefined> {
    if (!(await sealingBegan(this.events))) return undefined;
    const { place } = this.store;
    if (!this.store.exists) return new KeysLost(place, 'all');
    const notes = await this.store.get([FIRST, ANEW]);
    if (notes.has(ANEW) && !notes.has(FIRST)) return new KeysLost(place, 'older');
    if (notes.size === 0 && (await this.store.isEmpty())) return new KeysLost(place, 'all');
    return this.#missing.size > 0 ? new KeysLost(place, 'some') : undefined;
  }
}
