import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { inTime } from '#platform/in-time';
import { PATIENCE_MS, Readiness } from '#platform/observability/readiness';
import type { Stored } from '#platform/read-store/read-store.port';
import { isAboutMasterKey, type KeysLost, KeysNotShared } from './erasure.errors.js';
import { KeyLoss } from './key-loss.js';
import { KeyStore, type KeyRecord } from './key-store.js';
import type { MasterKeyPlace } from './master-key.js';
import { KEY_BYTES, newKeyId, type Randomness, type SubjectKey } from './sealed-value.js';
import { SealingWatch } from './sealing-watch.js';
import { Wrapping } from './wrapping.js';

/** Where the keys of personal data are, and how they are kept. */
export interface KeyOptions {
  /** A read store's address that no backup of events covers. Default: memory, for tests. */
  readonly keys?: string;
  /** Whether nobody said so, although others may share the events: then no key is made. */
  readonly undecided?: boolean;
  readonly masterKey?: MasterKeyPlace;
  readonly random?: Randomness;
  /** Milliseconds for which what another process did may not be known here. */
  readonly staleAfter?: number;
}

export const KEY_OPTIONS = Symbol('KeyOptions');

/** What became of the keys of a subject. */
export interface DestroyedKeys {
  /** Ids of all keys that the subject ever had; none can be had again. */
  readonly keyIds: readonly string[];
  /** How many of them this call destroyed. */
  readonly now: number;
}

/** A key in memory, or null where it is known to be gone, and when the store was asked. */
interface Known {
  readonly key: SubjectKey | null;
  readonly asked: number;
}

const STALE_AFTER_MS = 2_000;
const CACHED_KEYS = 10_000;

/**
 * The keys of subjects: made when first needed, in memory while they are used, destroyed for ever. A subject may have several: those
 * made at the same time by different processes, and those made after an erasure. All of them end together.
 *
 * Where other processes share the store, what is in memory counts for `staleAfter` milliseconds (2 s) only: that is how long another
 * process can still read what was erased here.
 */
@Injectable()
export class SubjectKeys implements OnModuleInit, OnApplicationShutdown {
  readonly #log = new Logger(SubjectKeys.name);
  readonly #store: KeyStore;
  readonly #wrapping: Wrapping;
  readonly #watch: SealingWatch;
  readonly #loss: KeyLoss;
  readonly #random: Randomness;
  readonly #staleAfter: number;
  readonly #byId = new LRUCache<string, Known>({ max: CACHED_KEYS });
  /** The id of the key that seals what comes, by tenant and subject. */
  readonly #current = new LRUCache<string, string>({ max: CACHED_KEYS });
  readonly #obtaining = new Map<string, Promise<void>>();
  /** Grows with each step of an erasure: what was read before counts no more. */
  #erasures = 0;

  constructor(
    @Inject(KEY_OPTIONS) private readonly options: KeyOptions,
    @Inject(STORED_EVENTS) private readonly events: EventStore,
    @Optional() readiness?: Readiness,
  ) {
    this.#random = options.random ?? randomBytes;
    this.#staleAfter = options.staleAfter ?? STALE_AFTER_MS;
    this.#store = new KeyStore(options.keys ?? 'sqlite::memory:');
    this.#wrapping = new Wrapping(this.#store, options.masterKey ?? {}, this.#random);
    this.#watch = new SealingWatch(events, this.#store.shared || events.shared, this.#staleAfter);
    this.#loss = new KeyLoss(this.#store, events);
    readiness?.addDispensable('keys', async () => {
      // A store that does not answer is not a loss, and has a part of its own.
      const loss = await inTime(this.lost(), PATIENCE_MS / 2).catch(() => undefined);
      if (loss) throw loss;
    });
  }

  /** Rejects with MasterKeyMissing, MasterKeyDiffers where keys are there that cannot be unwrapped: better now than later. */
  async onModuleInit(): Promise<void> {
    try {
      await this.#watch.look();
      if (this.#store.exists) await this.#wrapping.check();
      const loss = await this.lost();
      if (loss) this.#log.error(loss.message);
    } catch (error) {
      // A server that does not answer yet is asked when it is needed.
      if (isAboutMasterKey(error) || !(this.#store.shared || this.events.shared)) throw error;
      this.#log.warn(`The keys of personal data were not looked at: ${(error as Error).message}`);
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.#store.close();
  }

  /** What erasing leaves behind in the files of the key store, in words. */
  get remains(): string {
    return this.#store.remains;
  }

  /** Milliseconds after which other processes know of an erasure; 0 where there are none. */
  get knownAfter(): number {
    return this.#store.shared ? this.#staleAfter : 0;
  }

  /** Moments of this process, to say how fresh a key must be. */
  now(): number {
    return performance.now();
  }

  /** Whether it is certain that nothing was ever sealed, so that nothing needs to be looked through. */
  get none(): boolean {
    return this.#watch.nothing;
  }

  /** Which keys are gone that nobody destroyed; undefined where none is known to be. */
  lost(): Promise<KeysLost | undefined> {
    return this.#loss.find();
  }

  /** The key with this id where it is in memory; null where it is known to be destroyed; undefined: `load` it. */
  peek(keyId: string): SubjectKey | null | undefined {
    const known = this.#byId.get(keyId);
    const isFresh = known && (!this.#store.shared || this.now() - known.asked < this.#staleAfter);
    return isFresh ? known.key : undefined;
  }

  /** The keys with these ids, null for those that are gone. They stay in memory, too. */
  async load(keyIds: Iterable<string>): Promise<ReadonlyMap<string, SubjectKey | null>> {
    const keys = new Map([...keyIds].map((id) => [id, this.peek(id)]));
    const missing = [...keys].flatMap(([id, key]) => (key === undefined ? [id] : []));
    if (missing.length > 0) {
      await this.#undisturbed(async () => {
        const asked = this.now();
        const records = this.#store.exists ? await this.#store.get(missing) : new Map<string, KeyRecord>();
        return () => {
          for (const id of missing) {
            this.#loss.looked(id, records.has(id));
            keys.set(id, this.#keep(id, records.get(id), asked));
          }
        };
      });
    }
    return keys as ReadonlyMap<string, SubjectKey | null>;
  }

  /** The key to seal values of the subject with, where it is in memory and was seen since that moment; undefined: `obtain` it. */
  peekFor(tenant: string, subject: string, since: number): SubjectKey | undefined {
    const id = this.#current.get(nameOf(tenant, subject));
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (!known?.key || (this.#store.shared && known.asked < since)) return undefined;
    return known.key;
  }

  /** Takes the subject's key into memory; makes one, durably, where it has none. Rejects with KeysNotShared, MasterKeyMissing. */
  obtain(tenant: string, subject: string): Promise<void> {
    const name = nameOf(tenant, subject);
    let obtaining = this.#obtaining.get(name);
    if (!obtaining) {
      obtaining = this.#obtain(tenant, subject).finally(() => this.#obtaining.delete(name));
      this.#obtaining.set(name, obtaining);
    }
    return obtaining;
  }

  /** All keys of the subject, as they are in the store. */
  async of(tenant: string, subject: string): Promise<Stored<KeyRecord>[]> {
    return this.#store.exists ? this.#store.ofSubject(tenant, subject) : [];
  }

  /**
   * Destroys all keys of the subject: when it resolves, they are gone from the store, durably, from its files and from memory. Once
   * more does no harm, and ends what was cut short.
   */
  async destroy(tenant: string, subject: string, at: Date): Promise<DestroyedKeys> {
    const records = await this.of(tenant, subject);
    if (records.length === 0) return { keyIds: [], now: 0 };
    const live = records.filter(({ document }) => document.wrapped !== null);
    const erasedAt = at.toISOString();
    this.#erasures++;
    try {
      const gone = live.map(({ id, document }) => {
        return { id, document: { ...document, wrapped: null, master: null, erasedAt } };
      });
      if (gone.length > 0) await this.#store.write(gone);
      await this.#store.scrub();
    } finally {
      this.#erasures++;
      this.#current.delete(nameOf(tenant, subject));
      for (const { id } of records) this.#byId.delete(id);
    }
    return { keyIds: records.map(({ id }) => id), now: live.length };
  }

  async #obtain(tenant: string, subject: string): Promise<void> {
    await this.#undisturbed(async () => {
      const asked = this.now();
      const records = await this.of(tenant, subject);
      const live = records.find(({ document }) => document.wrapped !== null) ?? (await this.#make(tenant, subject));
      await this.#watch.othersKnow();
      return () => {
        this.#keep(live.id, live.document, asked);
        this.#current.set(nameOf(tenant, subject), live.id);
      };
    });
  }

  async #make(tenant: string, subject: string): Promise<Stored<KeyRecord>> {
    if (this.options.undecided) throw new KeysNotShared(this.options.keys ?? '');
    const id = newKeyId(this.#random);
    const wrapped = await this.#wrapping.wrap({ id, tenant, subject, secret: this.#random(KEY_BYTES) });
    const document: KeyRecord = { tenant, subject, ...wrapped, erasedAt: null };
    await this.#loss.noteOrigin();
    await this.#watch.begin(new Date());
    await this.#store.write([{ id, document }]);
    return { id, document };
  }

  #keep(id: string, record: KeyRecord | undefined, asked: number): SubjectKey | null {
    const key = record ? this.#wrapping.unwrap(id, record) : null;
    if (key) this.#watch.noted();
    this.#byId.set(id, { key, asked });
    return key;
  }

  /** What an erasure came between was read too early: once more. */
  async #undisturbed(read: () => Promise<() => void>): Promise<void> {
    for (;;) {
      const erasures = this.#erasures;
      const keep = await read();
      if (this.#erasures === erasures) return keep();
    }
  }
}

function nameOf(tenant: string, subject: string): string {
  return `${tenant} ${subject}`;
}
