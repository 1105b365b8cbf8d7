import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import {
  AT_ONCE,
  changesOf,
  idsThere,
  inParts,
  replacements,
  updatesAtOnce,
  upserts,
  type Change,
} from './mongodb-change.js';
import type { MongoDbDefinitions } from './mongodb-definitions.js';
import type { MongoDbDocument } from './mongodb-document.js';
import { cutIndexes } from './mongodb-indexes.js';
import type { MongoDbProgress } from './mongodb-progress.js';
import { isDuplicate, isParallelArrays, type MongoDbServer } from './mongodb-server.js';
import { CollectionNotDefined } from './read-store.errors.js';
import type { Advance, Write } from './read-store.port.js';

type Groups = ReadonlyMap<Collection<MongoDbDocument>, readonly Change[]>;

/** From so many changes on it pays to ask first which documents are new: those are inserted together. */
const MANY = 20;
/** Milliseconds after which a write that another process began and did not end counts as given up. */
const GIVEN_UP_MS = 2_000;
const PAUSE_MS = 50;
const ATTEMPTS = 5;

/**
 * Writes documents and moves a checkpoint. With transactions in one. Without: it notes in the checkpoint that it begins, writes the
 * documents, each with the position of its last event, and moves the checkpoint. Whoever takes over after a crash in between
 * finds documents that are ahead of the checkpoint, and reads in them which events they have; whoever comes late replaces nothing
 * that is later than his own. Hence all come to the same documents (docs/adr/0013).
 */
export class MongoDbWriter {
  /** Writes that have begun bear it. */
  readonly #store = randomUUID();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly server: MongoDbServer,
    private readonly definitions: MongoDbDefinitions,
    private readonly progress: MongoDbProgress,
  ) {}

  async write(writes: readonly Write[], advance?: Advance): Promise<void> {
    const { transactions } = this.server;
    const changes = changesOf(writes, this.server, advance !== undefined && !transactions);
    try {
      if (transactions) await this.#together(changes, advance);
      else if (!advance) await this.#apply(await this.#groups(changes));
      else await this.#inTurn(advance.projection, () => this.#step(changes, advance));
    } catch (error) {
      if (!isParallelArrays(error)) throw error;
      for (const documents of (await this.#groups(changes)).keys()) await cutIndexes(documents);
      await this.write(writes, advance);
    }
  }

  async #together(changes: readonly Change[], advance?: Advance): Promise<void> {
    const groups = await this.#groups(changes);
    if (!advance && changes.length === 1) return this.#replace(groups);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transaction(groups, advance);
      } catch (error) {
        // Somebody else has just made the same document: it is there for the next attempt to replace.
        if (!isDuplicate(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** withTransaction repeats what the server calls transient, and a commit whose answer was lost. */
  async #transaction(groups: Groups, advance?: Advance): Promise<void> {
    await this.server.client.withSession((session) =>
      session.withTransaction(async () => {
        if (advance) await this.progress.advance(advance, session);
        for (const [documents, own] of groups) {
          for (const part of inParts(own, AT_ONCE)) {
            await documents.bulkWrite(replacements(part), { ordered: false, session });
          }
        }
      }),
    );
  }

  async #replace(groups: Groups): Promise<void> {
    for (const [documents, own] of groups) await documents.bulkWrite(replacements(own), { ordered: false });
  }

  /** Begins, writes, ends. */
  async #step(changes: readonly Change[], advance: Advance): Promise<void> {
    const groups = await this.#groups(changes);
    const pending = { id: randomUUID(), store: this.#store };
    // As a rule nothing stands in the way, and there is nothing to look at first.
    if (!(await this.progress.begins(advance, null, pending))) {
      await this.progress.begin(advance, await this.#before(advance), pending);
    }
    await this.#apply(groups);
    await this.progress.finish(advance, pending.id);
  }

  /**
   * The write that has begun and not ended. One of this store has failed, and one under an earlier lease is over; any other may
   * still come to its end, for a while.
   */
  async #before(advance: Advance): ReturnType<MongoDbProgress['pending']> {
    const began = performance.now();
    for (;;) {
      const pending = await this.progress.pending(advance);
      const isOver = !pending || pending.store === this.#store || advance.token !== undefined;
      if (isOver || performance.now() - began > GIVEN_UP_MS) return pending;
      await setTimeout(PAUSE_MS);
    }
  }

  async #apply(groups: Groups): Promise<void> {
    for (const [documents, changes] of groups) {
      for (const part of inParts(changes, AT_ONCE)) {
        const rest = part.length < MANY ? part : await this.#insertNew(documents, part);
        for (const some of inParts(rest, updatesAtOnce(this.server))) {
          await this.#upsert(documents, some);
        }
      }
    }
  }

  /** Two upserts of one new id can both turn to inserting it, and then one of them fails: by its next attempt the document is there. */
  async #upsert(documents: Collection<MongoDbDocument>, changes: readonly Change[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await documents.bulkWrite(upserts(changes), { ordered: false });
        return;
      } catch (error) {
        if (!isDuplicate(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Inserts what is not there; the answer is what is still to be written. */
  async #insertNew(documents: Collection<MongoDbDocument>, changes: readonly Change[]): Promise<readonly Change[]> {
    const there = await idsThere(documents, changes);
    const fresh = changes.filter(({ id, state }) => state && !there.has(id));
    try {
      const inserts = fresh.map(({ id, state }) => ({ _id: id, state: state! }));
      if (inserts.length > 0) await documents.insertMany(inserts, { ordered: false });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return changes; // somebody else has inserted one meanwhile
    }
    return changes.filter(({ id }) => there.has(id));
  }

  async #groups(changes: readonly Change[]): Promise<Groups> {
    const groups = new Map<string, Change[]>();
    for (const change of changes) {
      const group = groups.get(change.collection);
      if (group) group.push(change);
      else groups.set(change.collection, [change]);
    }
    const definitions = groups.size > 0 ? await this.definitions.fresh() : new Map<string, never>();
    return new Map(
      [...groups].map(([name, own]) => {
        const definition = definitions.get(name);
        if (!definition) throw new CollectionNotDefined(name);
        return [this.definitions.documents(definition), own];
      }),
    );
  }

  /** One write of a projection after the other. */
  #inTurn<T>(projection: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(projection) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => {}); // told to the caller
    this.#turns.set(projection, settled);
    void settled.then(() => this.#turns.get(projection) === settled && this.#turns.delete(projection));
    return done;
  }
}
