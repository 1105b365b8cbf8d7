import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { DomainEvent } from '#kernel/event';
import type { Json } from '#kernel/json';
import { type PersonalData, replaceAt, segmentsOf } from '#kernel/personal';
import { isObjectId } from '#platform/event-store/stream-name';
import { UnusableSubject } from './erasure.errors.js';
import { hasSealed, keyIdsIn, refuseSealed } from './sealed-places.js';
import { keyedDigest, keyIdOfDigest, type Randomness, seal, type SubjectKey } from './sealed-value.js';
import { KEY_OPTIONS, type KeyOptions, SubjectKeys } from './subject-keys.js';
import { Unsealing } from './unsealing.js';

/** Keys are needed that are not in memory: obtain them, and decide again. */
export class KeysNeeded extends Error {
  constructor(readonly obtain: () => Promise<void>) {
    super('Keys of personal data are needed first.');
    this.name = 'KeysNeeded';
  }
}

/** A decided event, and what of it is personal. */
export interface Decided {
  readonly event: DomainEvent;
  readonly personal: readonly PersonalData[];
}

/** Events as they may be stored. */
export interface SealedEvents {
  readonly events: readonly DomainEvent[];
  /** The first key that something was sealed with, if anything was. */
  readonly key?: SubjectKey;
}

/** Opens sealed values for decisions, and seals what they decide. What is synchronous here throws KeysNeeded. */
@Injectable()
export class Sealing {
  readonly #random: Randomness;

  constructor(
    private readonly keys: SubjectKeys,
    private readonly unsealing: Unsealing,
    @Inject(KEY_OPTIONS) options: KeyOptions,
  ) {
    this.#random = options.random ?? randomBytes;
  }

  /** Moments of this process, to say since when a key must have been seen. */
  now(): number {
    return this.keys.now();
  }

  /** The state as a decision sees it: personal values in plain, `null` where they were erased. */
  opened<T>(tenant: string, state: T): T {
    if (this.keys.none || !hasSealed(state)) return state;
    const missing = [...keyIdsIn(state)].filter((id) => this.keys.peek(id) === undefined);
    if (missing.length > 0) throw new KeysNeeded(async () => void (await this.keys.load(missing)));
    return this.unsealing.unsealNow(tenant, state).value;
  }

  /**
   * The events with their personal values sealed, by keys that were seen since that moment. Throws SealedInput where they have
   * something in them that looks sealed already, UnusableSubject.
   */
  sealed(tenant: string, decided: readonly Decided[], since: number): SealedEvents {
    let key: SubjectKey | undefined;
    const events = decided.map(({ event, personal }) => {
      refuseSealed(event);
      let data = event.data as Json & object;
      for (const { subject, fields } of personal) {
        const sealWith = (value: Json): Json => {
          const own = this.#keyFor(tenant, subject, since);
          key ??= own;
          return { ...seal(value, own, this.#random) };
        };
        // The whole before its parts: what is sealed is not looked into.
        const places = fields.map(segmentsOf).sort((a, b) => a.length - b.length);
        for (const place of places) data = replaceAt(data, place, sealWith);
      }
      return data === event.data ? event : { ...event, data };
    });
    return { events, key };
  }

  /** The command's digest as it is stored: with a key where the command had personal values, so that it ends with them. */
  digest(digest: string | undefined, key: SubjectKey | undefined): string | undefined {
    return digest === undefined || key === undefined ? digest : keyedDigest(digest, key);
  }

  /** Whether the stored digest is this one's. Where its key was destroyed nobody can tell, and it counts as the same. */
  async isDigest(stored: string | undefined, digest: string | undefined): Promise<boolean> {
    const keyId = stored === undefined ? undefined : keyIdOfDigest(stored);
    if (keyId === undefined || digest === undefined) return stored === digest;
    const key = (await this.keys.load([keyId])).get(keyId);
    return !key || stored === keyedDigest(digest, key);
  }

  #keyFor(tenant: string, subject: string, since: number): SubjectKey {
    if (!isObjectId(subject)) throw new UnusableSubject(subject);
    const key = this.keys.peekFor(tenant, subject, since);
    if (!key) throw new KeysNeeded(() => this.keys.obtain(tenant, subject));
    return key;
  }
}
