import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import type { Filter, Stored } from '#platform/read-store/read-store.port';
import { KeysNotShared, MasterKeyDiffers, MasterKeyMissing, MasterKeyUnusable } from './erasure.errors.js';
import { KeyStore, type KeyRecord } from './key-store.js';
import { type MasterKey, type MasterKeyPlace, readMasterKey, readOrMakeMasterKey } from './master-key.js';
import { beginSealing, sealingBegan } from './sealing-mark.js';
import { KEY_BYTES, newKeyId, type Randomness, type SubjectKey } from './sealed-value.js';

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
  readonly #random: Randomness;
  readonly #staleAfter: number;
  /** Whether others may seal something. */
  readonly #othersSeal: boolean;
  readonly #byId = new LRUCache<string, Known>({ max: CACHED_KEYS });
  /** The id of the key that seals what comes, by tenant and subject. */
  readonly #current = new LRUCache<string, string>({ max: CACHED_KEYS });
  readonly #making = new Map<string, Promise<void>>();
  /** When it was first known that something may be sealed; undefined as long as nothing was. */
  #someSince: number | undefined;
  #lookedAt = -Infinity;
  #looking = false;
  #master: MasterKey | undefined;
  /** Grows with each step of an erasure: what was read before counts no more. */
  #erasures = 0;

  constructor(
    @Inject(KEY_OPTIONS) private readonly options: KeyOptions,
    @Inject(STORED_EVENTS) private readonly events: EventStore,
  ) {
    this.#store = new KeyStore(options.keys ?? 'sqlite::memory:');
    this.#random = options.random ?? randomBytes;
    this.#staleAfter = options.staleAfter ?? STALE_AFTER_MS;
    this.#othersSeal = this.#store.shared || events.shared;
  }

  /** Rejects with MasterKeyMissing, MasterKeyDiffers where keys are there that cannot be unwrapped: better now than later. */
  async onModuleInit(): Promise<void> {
    try {
      await this.#look();
      if (!this.#store.exists) return;
      const wrapped = await this.#store.query({ filter: { master: { $gt: '' } }, limit: 1 });
      if (wrapped.items.length > 0) await this.#checkMaster();
    } catch (error) {
      // A server that does not answer yet is asked when it is needed.
      if (!this.#othersSeal || isAboutMaster(error)) throw error;
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

  /**
   * Whether it is certain that nothing was ever sealed, so that nothing needs to be looked through. Where others share the stores
   * they are asked again from time to time, in the background: until they have answered, nothing is certain.
   */
  get none(): boolean {
    if (this.#someSince !== undefined) return false;
    if (!this.#othersSeal) return true;
    if (this.now() - this.#lookedAt < this.#staleAfter / 2) return true;
    if (!this.#looking) void this.#lookAgain();
    return this.now() - this.#lookedAt < this.#staleAfter;
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
          for (const id of missing) keys.set(id, this.#keep(id, records.get(id), asked));
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

  /** Takes the subject's key into memory; makes one, durably, where it has none. */
  obtain(tenant: string, subject: string): Promise<void> {
    const name = nameOf(tenant, subject);
    let making = this.#making.get(name);
    if (!making) {
      making = this.#obtain(tenant, subject).finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    return making;
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

  /**
   * Wraps every key by the new master key instead of the old one; the answer is how many. All processes must have ended. What is
   * wrapped by the new one already stays, so that a run that was cut short can be repeated.
   */
  async rewrap(from: MasterKeyPlace, to: MasterKeyPlace): Promise<number> {
    const [before, after] = [readMasterKey(from), readMasterKey(to)];
    for (let done = 0; ;) {
      const { items } = await this.#store.query({ filter: { master: before.fingerprint }, limit: 500 });
      if (items.length === 0) {
        await this.#store.scrub();
        return done;
      }
      await this.#store.write(
        items.map(({ id, document }) => {
          const key = before.unwrap(document.wrapped!, { id, tenant: document.tenant, subject: document.subject });
          return { id, document: { ...document, wrapped: after.wrap(key, this.#random), master: after.fingerprint } };
        }),
      );
      done += items.length;
    }
  }

  async #obtain(tenant: string, subject: string): Promise<void> {
    await this.#undisturbed(async () => {
      const asked = this.now();
      const records = await this.of(tenant, subject);
      const live = records.find(({ document }) => document.wrapped !== null) ?? (await this.#make(tenant, subject));
      await this.#othersKnow();
      return () => {
        this.#keep(live.id, live.document, asked);
        this.#current.set(nameOf(tenant, subject), live.id);
      };
    });
  }

  async #make(tenant: string, subject: string): Promise<Stored<KeyRecord>> {
    if (this.options.undecided) throw new KeysNotShared(this.options.keys ?? '');
    this.#master ??= await this.#masterToMakeWith();
    if (this.#someSince === undefined) await beginSealing(this.events, new Date());
    const key: SubjectKey = { id: newKeyId(this.#random), tenant, subject, secret: this.#random(KEY_BYTES) };
    const document: KeyRecord = {
      ...{ tenant, subject, wrapped: this.#master.wrap(key, this.#random), master: this.#master.fingerprint },
      ...{ createdAt: new Date().toISOString(), erasedAt: null },
    };
    await this.#store.write([{ id: key.id, document }]);
    this.#someSince ??= this.now();
    return { id: key.id, document };
  }

  /** Others may be certain for a while yet that nothing is sealed: nothing is until they ask again. Once in a process's life. */
  async #othersKnow(): Promise<void> {
    this.#someSince ??= this.now();
    const rest = this.#someSince + this.#staleAfter - this.now();
    if (this.#othersSeal && rest > 0) await setTimeout(rest);
  }

  #keep(id: string, record: KeyRecord | undefined, asked: number): SubjectKey | null {
    if (!record?.wrapped) {
      this.#byId.set(id, { key: null, asked });
      return null;
    }
    this.#someSince ??= this.now();
    this.#master ??= readMasterKey(this.options.masterKey ?? {});
    if (record.master !== this.#master.fingerprint) throw new MasterKeyDiffers(this.#master.from);
    const { tenant, subject } = record;
    const key = this.#master.unwrap(record.wrapped, { id, tenant, subject });
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

  async #look(): Promise<void> {
    const at = this.now();
    const hasBegun = await sealingBegan(this.events);
    this.#lookedAt = at;
    if (hasBegun) this.#someSince ??= this.now();
  }

  async #lookAgain(): Promise<void> {
    this.#looking = true;
    try {
      await this.#look();
    } catch (error) {
      this.#log.debug(`Whether there are keys of personal data is not known now: ${(error as Error).message}`);
    } finally {
      this.#looking = false;
    }
  }

  async #checkMaster(): Promise<void> {
    const master = (this.#master = readMasterKey(this.options.masterKey ?? {}));
    const others: Filter[] = [{ $gt: master.fingerprint }, { $gte: '', $lt: master.fingerprint }];
    for (const other of others) {
      const { items } = await this.#store.query({ filter: { master: other }, limit: 1 });
      if (items.length > 0) throw new MasterKeyDiffers(master.from);
    }
  }

  /** One is made only where none has wrapped anything yet. */
  async #masterToMakeWith(): Promise<MasterKey> {
    const place = this.options.masterKey ?? {};
    const { items } = await this.#store.query({ filter: { master: { $gt: '' } }, limit: 1 });
    return items.length > 0 ? readMasterKey(place) : readOrMakeMasterKey(place, this.#store.shared, this.#random);
  }
}

function isAboutMaster(error: unknown): boolean {
  return error instanceof MasterKeyDiffers || error instanceof MasterKeyMissing || error instanceof MasterKeyUnusable;
}

function nameOf(tenant: string, subject: string): string {
  return `${tenant} ${subject}`;
}
