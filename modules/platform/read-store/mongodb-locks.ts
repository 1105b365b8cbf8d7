import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { isDuplicate } from './mongodb-server.js';

interface Lock {
  readonly _id: string;
  readonly holder: string;
}

const PAUSE_MS = 10;
/** Milliseconds after which the holder of a lock counts as dead: what is done under it takes a few. */
const DEAD_AFTER_MS = 2_000;

/**
 * Makes a condition and the change it guards one step where the server does not: FerretDB reads and then writes, but refuses a second
 * document with the same id. Where the server's changes are one step each, there are no locks.
 */
export class MongoDbLocks {
  constructor(private readonly locks: Collection<Lock> | undefined) {}

  async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (!this.locks) return work();
    const holder = await this.#take(name, this.locks);
    try {
      return await work();
    } finally {
      await this.locks.deleteOne({ _id: name, holder });
    }
  }

  async #take(name: string, locks: Collection<Lock>): Promise<string> {
    const holder = randomUUID();
    for (let seen: string | undefined, since = 0; ; await setTimeout(PAUSE_MS)) {
      try {
        await locks.insertOne({ _id: name, holder });
        return holder;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
      const other = (await locks.findOne({ _id: name }))?.holder;
      if (other !== seen) [seen, since] = [other, performance.now()];
      else if (other && performance.now() - since > DEAD_AFTER_MS) await locks.deleteOne({ _id: name, holder: other });
    }
  }
}
