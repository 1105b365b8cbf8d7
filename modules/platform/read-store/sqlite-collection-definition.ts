import type { SQLInputValue } from 'node:sqlite';
import type { JsonObject } from '#kernel/json';
import type { IndexDefinition, ReadModel } from '#kernel/projection';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import {
  SqliteCollection,
  indexName,
  quoted,
  storedIndexName,
  type CollectionDefinition,
} from './sqlite-collection.js';
import { ID_PATH } from './document-path.js';
import { CollectionNotDefined } from './read-store.errors.js';
import { Shape } from './sqlite-key.js';

const FILL_AT_ONCE = 1_000;

/** The collections that the file holds. */
export function storedCollections({ connection }: SqliteDatabase): Map<string, SqliteCollection> {
  const rows = connection.prepare('SELECT name, definition FROM read_collections').all();
  return new Map(
    rows.map(({ name, definition }) => {
      const stored = JSON.parse(definition as string) as CollectionDefinition;
      return [name as string, new SqliteCollection(name as string, stored)];
    }),
  );
}

/** Whether the stored collection has just the indexes that the model declares. */
export function isAsDeclared(stored: SqliteCollection | undefined, { indexes }: ReadModel<object>): boolean {
  const names = (of: readonly IndexDefinition[]) => JSON.stringify(of.map(({ fields }) => fields));
  return stored !== undefined && names(stored.definition.indexes) === names(asStored(indexes));
}

/**
 * Makes the collection, or gives the one that is there the indexes that the model declares: new columns are filled from the
 * documents, what nobody declares any more is dropped. To be called inside a transaction.
 */
export function defineCollection(
  database: SqliteDatabase,
  stored: SqliteCollection | undefined,
  model: ReadModel<object>,
): SqliteCollection {
  const before = stored?.definition ?? newCollection(database, model.name);
  const after = declared(before, asStored(model.indexes));
  const { connection } = database;
  for (const index of before.indexes.filter((index) => !includes(after.indexes, index))) {
    connection.exec(`DROP INDEX ${quoted(storedIndexName(before, index))}`);
  }
  const table = quoted(before.table);
  for (const { name } of before.columns.filter((column) => !after.columns.some(({ name }) => name === column.name))) {
    connection.exec(`ALTER TABLE ${table} DROP COLUMN ${quoted(name)}`);
  }
  const added = after.columns.filter((column) => !before.columns.some(({ name }) => name === column.name));
  for (const { name } of added) {
    // Without a type, so that SQLite converts nothing. The default is minus infinity, NULL_KEY.
    connection.exec(`ALTER TABLE ${table} ADD COLUMN ${quoted(name)} NOT NULL DEFAULT -9e999`);
  }
  const collection = new SqliteCollection(model.name, after);
  if (added.length > 0 && stored) fill(database, collection);
  for (const index of after.indexes.filter((index) => !includes(before.indexes, index))) {
    const columns = index.fields.map((path) => quoted(after.columns.find((column) => column.path === path)!.name));
    const name = quoted(storedIndexName(after, index));
    connection.exec(`CREATE INDEX ${name} ON ${table} (${[...columns, 'id'].join(', ')})`);
  }
  collection.save(database);
  return collection;
}

/** Drops the table of `name` and gives its name to the collection `by`. To be called inside a transaction. */
export function replaceCollection(
  database: SqliteDatabase,
  collections: Map<string, SqliteCollection>,
  name: string,
  by: string,
): void {
  const taking = collections.get(by);
  if (!taking) throw new CollectionNotDefined(by);
  if (name === by) return;
  dropCollection(database, collections, name);
  forget(database, collections, by);
  const collection = new SqliteCollection(name, taking.definition);
  collection.save(database);
  collections.set(name, collection);
}

/** Removes the collection, if it is there. To be called inside a transaction. */
export function dropCollection(
  database: SqliteDatabase,
  collections: Map<string, SqliteCollection>,
  name: string,
): void {
  const collection = collections.get(name);
  if (!collection) return;
  database.connection.exec(`DROP TABLE ${collection.table}`);
  forget(database, collections, name);
}

function forget({ connection }: SqliteDatabase, collections: Map<string, SqliteCollection>, name: string): void {
  connection.prepare('DELETE FROM read_collections WHERE name = ?').run(name);
  collections.delete(name);
}

/** A table whose name tells the collection, also where two names differ only in upper and lower case. */
function newCollection({ connection }: SqliteDatabase, name: string): CollectionDefinition {
  const highest = `SELECT max(CAST(substr(definition ->> 'table', 2) AS INTEGER)) AS number FROM read_collections`;
  const table = `c${Number(connection.prepare(highest).get()!['number'] ?? 0) + 1}_${name}`;
  connection.exec(`CREATE TABLE ${quoted(table)} (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID`);
  return { table, nextColumn: 1, columns: [], indexes: [] };
}

function declared(before: CollectionDefinition, indexes: readonly IndexDefinition[]): CollectionDefinition {
  let { nextColumn } = before;
  const paths = [...new Set(indexes.flatMap(({ fields }) => fields))];
  const columns = paths.map((path) => {
    const known = before.columns.find((column) => column.path === path);
    return known ?? { path, name: `k${nextColumn++}_${path}`, shape: Shape.Scalars };
  });
  return { table: before.table, nextColumn, columns, indexes };
}

function fill(database: SqliteDatabase, collection: SqliteCollection): void {
  const { connection } = database;
  const sets = collection.columns.map(({ sql }) => `${sql} = ?`).join(', ');
  const update = connection.prepare(`UPDATE ${collection.table} SET ${sets} WHERE id = ?`);
  const next = connection.prepare(
    `SELECT id, document FROM ${collection.table} WHERE id > ? ORDER BY id LIMIT ${FILL_AT_ONCE}`,
  );
  for (let last = '', rows = next.all(last); rows.length > 0; rows = next.all(last)) {
    for (const row of rows) {
      last = row['id'] as string;
      const keys = collection.keysOf(JSON.parse(row['document'] as string) as JsonObject);
      collection.widen(keys);
      update.run(...(keys as SQLInputValue[]), last);
    }
  }
}

function includes(indexes: readonly IndexDefinition[], index: IndexDefinition): boolean {
  return indexes.some((other) => indexName(other) === indexName(index));
}

/** Each index once, and without the id, which every index ends in. */
function asStored(indexes: readonly IndexDefinition[]): IndexDefinition[] {
  const cut = indexes.map(({ fields }) => ({
    fields: fields.includes(ID_PATH) ? fields.slice(0, fields.indexOf(ID_PATH)) : fields,
  }));
  return cut.filter(
    (index, i) => index.fields.length > 0 && cut.findIndex((other) => indexName(other) === indexName(index)) === i,
  );
}
