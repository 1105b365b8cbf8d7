import type { Filter } from '#platform/read-store/read-store.port';
import { MasterKeyDiffers } from './erasure.errors.js';
import type { KeyRecord, KeyStore } from './key-store.js';
import { type MasterKey, type MasterKeyPlace, readMasterKey, readOrMakeMasterKey } from './master-key.js';
import type { Randomness, SubjectKey } from './sealed-value.js';

/** Keys at a time: each is unwrapped and wrapped. */
const REWRAPPED_AT_ONCE = 500;

/** Wraps keys for their store and unwraps them again, by the one master key. */
export class Wrapping {
  #master: MasterKey | undefined;

  constructor(
    private readonly store: KeyStore,
    private readonly place: MasterKeyPlace,
    private readonly random: Randomness,
  ) {}

  /** Rejects with MasterKeyMissing, MasterKeyUnusable, MasterKeyDiffers where there are keys that cannot be unwrapped. */
  async check(): Promise<void> {
    if (!(await this.#isAny({ $gt: '' }))) return;
    const { fingerprint, from } = (this.#master = readMasterKey(this.place));
    const others: Filter[] = [{ $gt: fingerprint }, { $gte: '', $lt: fingerprint }];
    for (const other of others) if (await this.#isAny(other)) throw new MasterKeyDiffers(from);
  }

  /** What to keep of the key. A master key is made only where none has wrapped anything yet. */
  async wrap(key: SubjectKey): Promise<Pick<KeyRecord, 'wrapped' | 'master'>> {
    const hasWrapped = this.#master !== undefined || (await this.#isAny({ $gt: '' }));
    // Nothing waits from here on: of many who ask at once, one makes it.
    this.#master ??= hasWrapped
      ? readMasterKey(this.place)
      : readOrMakeMasterKey(this.place, this.store.shared, this.random);
    return { wrapped: this.#master.wrap(key, this.random), master: this.#master.fingerprint };
  }

  /** The key of a record; null where it was destroyed. Throws MasterKeyMissing, MasterKeyDiffers. */
  unwrap(id: string, { tenant, subject, wrapped, master }: KeyRecord): SubjectKey | null {
    if (wrapped === null) return null;
    this.#master ??= readMasterKey(this.place);
    if (master !== this.#master.fingerprint) throw new MasterKeyDiffers(this.#master.from);
    return this.#master.unwrap(wrapped, { id, tenant, subject });
  }

  async #isAny(master: Filter): Promise<boolean> {
    return (await this.store.query({ filter: { master }, limit: 1 })).items.length > 0;
  }
}

/**
 * Wraps every key by another master key; the answer is how many. All processes must have ended. What is wrapped by the new one
 * already stays, so that a run that was cut short can be repeated.
 */
export async function rewrap(
  store: KeyStore,
  from: MasterKeyPlace,
  to: MasterKeyPlace,
  random: Randomness,
): Promise<number> {
  const [before, after] = [readMasterKey(from), readMasterKey(to)];
  for (let done = 0; ;) {
    const { items } = await store.query({ filter: { master: before.fingerprint }, limit: REWRAPPED_AT_ONCE });
    if (items.length === 0 || before.fingerprint === after.fingerprint) {
      await store.scrub();
      return done;
    }
    await store.write(
      items.map(({ id, document }) => {
        const { tenant, subject } = document;
        const key = before.unwrap(document.wrapped!, { id, tenant, subject });
        return { id, document: { ...document, wrapped: after.wrap(key, random), master: after.fingerprint } };
      }),
    );
    done += items.length;
  }
}
