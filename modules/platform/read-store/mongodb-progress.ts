import type { ClientSession, Collection } from 'mongodb';
import type { MongoDbLocks } from './mongodb-locks.js';
import { isDuplicate } from './mongodb-server.js';
import { CheckpointMoved, LeaseLost } from './read-store.errors.js';
import type { Advance, Checkpoint, Lease } from './read-store.port.js';

/** A write that has begun and not ended, and the store that does it. */
interface Pending {
  readonly id: string;
  readonly store: string;
}

/** Checkpoint and lease of one name in one document, so that one condition can ask for both. */
interface Progress extends Partial<Checkpoint>, Partial<Lease> {
  readonly _id: string;
  readonly pending?: Pending | null;
}

type Change = Partial<Omit<Progress, '_id'>>;

/** How far projections have come, and who runs them. Every change has the state that was seen as its condition. */
export class MongoDbProgress {
  constructor(
    private readonly documents: Collection<Progress>,
    private readonly locks: MongoDbLocks,
  ) {}

  async checkpoint(projection: string): Promise<Checkpoint | null> {
    const found = await this.documents.findOne({ _id: projection });
    const { position, version } = found ?? {};
    return position === undefined || version === undefined ? null : { position, version };
  }

  async lease(name: string): Promise<Lease | null> {
    const { owner, token, beat } = (await this.documents.findOne({ _id: name })) ?? {};
    return owner === undefined || token === undefined || beat === undefined ? null : { owner, token, beat };
  }

  swapLease(name: string, from: Lease | null, { owner, token, beat }: Lease): Promise<boolean> {
    const seen = { owner: from?.owner ?? null, token: from?.token ?? null, beat: from?.beat ?? null };
    return this.#swap(name, seen, { owner, token, beat }, from === null);
  }

  /** The write that has begun and not ended, if there is one. Rejects with LeaseLost and CheckpointMoved. */
  async pending({ projection, from, token }: Advance): Promise<Pending | null> {
    const found = await this.documents.findOne({ _id: projection });
    if (token !== undefined && found?.token !== token) throw new LeaseLost(projection, token);
    if (found?.position !== from?.position || found?.version !== from?.version) throw new CheckpointMoved(projection);
    return found?.pending ?? null;
  }

  /** Notes that a write begins, in the place of the one that was seen. Rejects with LeaseLost and CheckpointMoved. */
  async begin(advance: Advance, seen: Pending | null, pending: Pending): Promise<void> {
    if (!(await this.begins(advance, seen, pending))) await this.#refuse(advance);
  }

  /** The same; false, and nothing changes, where another write has begun, or lease or checkpoint are not what they were. */
  begins({ projection, from, token }: Advance, seen: Pending | null, pending: Pending): Promise<boolean> {
    const condition = { ...standing(from, token), ...(seen ? { 'pending.id': seen.id } : { pending: null }) };
    return this.#swap(projection, condition, { pending }, from === null && token === undefined);
  }

  /** Moves the checkpoint, as the end of the write that has begun. */
  async finish(advance: Advance, id: string): Promise<void> {
    const { projection, from, to, token } = advance;
    const condition = { ...standing(from, token), 'pending.id': id };
    const done = await this.#swap(projection, condition, { ...checkpointOf(to), pending: null }, false);
    if (!done) await this.#refuse(advance);
  }

  /** Moves the checkpoint as a part of a transaction. */
  async advance(advance: Advance, session: ClientSession): Promise<void> {
    const { projection, from, to, token } = advance;
    const found = await this.documents.findOne({ _id: projection }, { session });
    if (token !== undefined && found?.token !== token) throw new LeaseLost(projection, token);
    if (found?.position !== from?.position || found?.version !== from?.version) throw new CheckpointMoved(projection);
    const change = { ...checkpointOf(to), pending: null };
    await this.documents.updateOne({ _id: projection }, { $set: change }, { upsert: true, session });
  }

  async #refuse(advance: Advance): Promise<never> {
    await this.pending(advance);
    // The same checkpoint, but another writer has begun.
    throw new CheckpointMoved(advance.projection);
  }

  #swap(name: string, condition: object, change: Change, orInsert: boolean): Promise<boolean> {
    return this.locks.alone(name, async () => {
      try {
        const filter = { ...condition, _id: name };
        const { matchedCount, upsertedCount } = await this.documents.updateOne(
          filter,
          { $set: change },
          { upsert: orInsert },
        );
        return matchedCount + upsertedCount > 0;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
  }
}

function standing(from: Checkpoint | null, token: number | undefined): object {
  const checkpoint = { position: from?.position ?? null, version: from?.version ?? null };
  return token === undefined ? checkpoint : { ...checkpoint, token };
}

function checkpointOf({ position, version }: Checkpoint): Checkpoint {
  return { position, version };
}
