import { Injectable, Logger } from '@nestjs/common';
import { hasSealed, keyIdsIn, replaceSealed } from './sealed-places.js';
import { keyIdOf, open, type SubjectKey } from './sealed-value.js';
import { SubjectKeys } from './subject-keys.js';

/** A value with its personal parts in plain. */
export interface Unsealed<T> {
  readonly value: T;
  /** JSON pointers to the parts that are `null` because they were erased. */
  readonly erased: readonly string[];
}

/** What was erased of an answer: pointers into the object that carries the mark. Not there where nothing was. */
export interface ErasedMark {
  readonly $erased?: readonly string[];
}

const NOTHING: readonly string[] = [];

/** Opens sealed values where they leave: in answers. Nothing that was opened may be kept. */
@Injectable()
export class Unsealing {
  readonly #log = new Logger(Unsealing.name);

  constructor(private readonly keys: SubjectKeys) {}

  /**
   * The value with everything in it unsealed that can be; what was erased is `null`. The same object where nothing was sealed, which
   * costs nothing as long as there are no keys. Rejects only where the key store does not answer.
   */
  async unseal<T>(tenant: string, value: T): Promise<Unsealed<T>> {
    if (this.keys.none || !hasSealed(value)) return { value, erased: NOTHING };
    const keys = await this.keys.load(keyIdsIn(value));
    return this.#unsealed(tenant, value, (id) => keys.get(id));
  }

  /** The object unsealed, with the mark `$erased` where something of it was erased: `{"email":null,"$erased":["/email"]}`. */
  async answer<T extends object>(tenant: string, object: T): Promise<T & ErasedMark> {
    const { value, erased } = await this.unseal(tenant, object);
    return erased.length > 0 ? { ...value, $erased: erased } : value;
  }

  /** The same for each object of a list, with one look for the keys of all. */
  async answers<T extends object>(tenant: string, objects: readonly T[]): Promise<(T & ErasedMark)[]> {
    if (!this.keys.none) await this.keys.load(keyIdsIn(objects));
    return Promise.all(objects.map((object) => this.answer(tenant, object)));
  }

  /** The same with the keys that are in memory; what is sealed with others counts as erased. */
  unsealNow<T>(tenant: string, value: T): Unsealed<T> {
    return this.#unsealed(tenant, value, (id) => this.keys.peek(id));
  }

  #unsealed<T>(tenant: string, value: T, keyWith: (id: string) => SubjectKey | null | undefined): Unsealed<T> {
    const erased: string[] = [];
    const plain = replaceSealed(value, (sealed, pointer) => {
      const key = keyWith(keyIdOf(sealed)!);
      try {
        if (key?.tenant === tenant) return open(sealed, key);
      } catch {
        this.#log.error(`A value that was sealed with the key ${key!.id} was changed since. Verify the store.`);
      }
      erased.push(pointer);
      return null;
    });
    return { value: plain as T, erased };
  }
}
