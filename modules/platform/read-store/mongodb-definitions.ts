import { randomBytes } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import type { IndexDefinition, ReadModel } from '#kernel/projection';
import type { MongoDbDocument } from './mongodb-document.js';
import { defineIndexes } from './mongodb-indexes.js';
import { codeOf, isDuplicate } from './mongodb-server.js';
import { CollectionNotDefined } from './read-store.errors.js';

/** What a name of the port stands for. Queries find the collection by it, so that one takes another's place in one step. */
export interface Definition {
  readonly _id: string;
  /** The collection in the database. */
  readonly physical: string;
  readonly indexes: readonly IndexDefinition[];
  /** The name that the collection had before it took this place: nobody has it any more, even if it is still noted. */
  readonly took?: string;
}

type Definitions = ReadonlyMap<string, Definition>;

/** Milliseconds that a collection is kept after another took its place, for queries that are still reading it. */
const KEPT_MS = 60_000;

export class MongoDbDefinitions {
  readonly #definitions: Collection<Definition>;
  /** Collections that another took the place of. */
  readonly #retired: Collection<{ _id: string; at: Date }>;
  #known: Definitions = new Map();
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<Definitions> | undefined;

  constructor(private readonly db: Db) {
    this.#definitions = db.collection('perdure.collections');
    this.#retired = db.collection('perdure.retired');
  }

  /** As they were some time ago. */
  get known(): Definitions {
    return this.#known;
  }

  /** As they are now. Whoever asks while they are being read waits for the next reading, together with all others. */
  fresh(): Promise<Definitions> {
    return (this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#current = reading.catch(() => {}); // told to those who wait
      return reading;
    }));
  }

  async find(name: string): Promise<Definition> {
    const definition = (await this.fresh()).get(name);
    if (!definition) throw new CollectionNotDefined(name);
    return definition;
  }

  documents({ physical }: Definition): Collection<MongoDbDocument> {
    return this.db.collection(physical);
  }

  async define({ name, indexes }: ReadModel<object>): Promise<void> {
    await this.#sweep();
    const before = (await this.fresh()).get(name) ?? (await this.#create(name));
    const after = await defineIndexes(this.documents(before), before.indexes, indexes);
    if (JSON.stringify(after) === JSON.stringify(before.indexes)) return;
    await this.#definitions.updateOne({ _id: name, physical: before.physical }, { $set: { indexes: after } });
    await this.fresh();
  }

  async replace(name: string, by: string): Promise<void> {
    const definitions = await this.fresh();
    const [{ physical, indexes }, before] = [await this.find(by), definitions.get(name)];
    if (name === by) return;
    await this.#sweep();
    // What is noted as retired is dropped only where no name stands for it: a crash before the next step changes nothing.
    if (before) await this.#retire(before.physical);
    // A late call must not put aside what took the place meanwhile.
    const seen = before ? { _id: name, physical: before.physical } : { _id: name };
    const { modifiedCount, upsertedCount } = await this.#definitions.replaceOne(
      seen,
      { physical, indexes, took: by },
      { upsert: !before },
    );
    if (modifiedCount + upsertedCount === 0) return this.replace(name, by);
    await this.#definitions.deleteOne({ _id: by, physical });
    await this.fresh();
  }

  async drop(name: string): Promise<void> {
    const definition = (await this.fresh()).get(name);
    if (!definition) return;
    await this.#definitions.deleteOne({ _id: name, physical: definition.physical });
    await this.#dropUnnamed(definition.physical);
  }

  async #read(): Promise<Definitions> {
    const all = await this.#definitions.find().toArray();
    const left = (gone: Definition) =>
      all.some(({ physical, took }) => physical === gone.physical && took === gone._id && took !== undefined);
    this.#known = new Map(all.filter((one) => !left(one)).map((one) => [one._id, one]));
    return this.#known;
  }

  async #create(name: string): Promise<Definition> {
    const stale = await this.#definitions.findOne({ _id: name });
    // Or else another process has just made it, and must not lose it.
    const isLeft = stale && (await this.#definitions.findOne({ took: name, physical: stale.physical }));
    if (isLeft) await this.#definitions.deleteOne({ _id: name, physical: stale.physical });
    try {
      await this.#definitions.insertOne({ _id: name, physical: physicalName(name), indexes: [] });
    } catch (error) {
      if (!isDuplicate(error)) throw error; // somebody else has just made it
    }
    const definition = await this.find(name);
    await this.db.createCollection(definition.physical).catch((error: unknown) => {
      if (codeOf(error) !== 48) throw error; // it is there
    });
    return definition;
  }

  async #retire(physical: string): Promise<void> {
    await this.#retired.updateOne({ _id: physical }, { $set: { at: new Date() } }, { upsert: true });
  }

  async #sweep(): Promise<void> {
    const before = Date.now() - KEPT_MS;
    for (const { _id, at } of await this.#retired.find().toArray()) {
      if (at.getTime() > before) continue;
      await this.#dropUnnamed(_id);
      await this.#retired.deleteOne({ _id });
    }
  }

  async #dropUnnamed(physical: string): Promise<void> {
    const definitions = await this.fresh();
    if ([...definitions.values()].some((definition) => definition.physical === physical)) return;
    await this.db.collection(physical).drop().catch(unlessGone);
  }
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== 26) throw error;
}

/** Tells what is in it, and differs from every other: also in more than upper and lower case. */
function physicalName(name: string): string {
  const legal = name.replace(/[^\w-]/gu, '_').slice(0, 80);
  return `read.${legal}.${randomBytes(6).toString('hex')}`;
}
