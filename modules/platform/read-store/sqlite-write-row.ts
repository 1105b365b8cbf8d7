import type { JsonObject } from '#kernel/json';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import type { Write } from './read-store.port.js';
import type { SqliteCollection } from './sqlite-collection.js';
import type { Key } from './sqlite-key.js';

/** A write, turned into text and keys when it was asked for: what the caller does to the document afterwards does not matter. */
export class WriteRow {
  readonly collection: string;
  readonly #id: string;
  readonly #isNew: boolean;
  readonly #document: { readonly text: string; readonly keys: readonly Key[] } | null;

  constructor(
    private readonly target: SqliteCollection,
    { collection, id, document, isNew = false }: Write,
  ) {
    this.collection = collection;
    this.#id = id;
    this.#isNew = isNew;
    this.#document = document && { text: JSON.stringify(document), keys: this.#keys(target, document as JsonObject) };
  }

  /** Writes to the collection as it is now, which may have other indexes than when the write was asked for. */
  apply(database: SqliteDatabase, collection: SqliteCollection): void {
    if (!this.#document) collection.remove(database, this.#id);
    else {
      const { text } = this.#document;
      const isSame = collection === this.target;
      const keys = isSame ? this.#document.keys : this.#keys(collection, JSON.parse(text) as JsonObject);
      collection.put(database, this.#id, text, keys, this.#isNew);
    }
  }

  #keys(collection: SqliteCollection, document: JsonObject): readonly Key[] {
    const keys = collection.keysOf(document);
    collection.widen(keys);
    return keys;
  }
}
