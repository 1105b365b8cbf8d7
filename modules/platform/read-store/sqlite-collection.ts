import type { SQLInputValue } from 'node:sqlite';
import type { IndexDefinition } from '#kernel/projection';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import type { JsonObject } from '#kernel/json';
import { ID_PATH, pathOf, type Path } from './document-path.js';
import type { KeyColumn } from './sqlite-condition.js';
import { Shape, keyAt, shapeOf, type Key } from './sqlite-key.js';

/** The column of a collection that holds the keys at one path, shared by the indexes that contain it. */
export interface PathColumn extends KeyColumn {
  readonly segments: Path;
  /** Grows as documents show objects and arrays at the path; it never shrinks, as in MongoDB. */
  shape: Shape;
}

/** An index of a collection; the primary key counts as one, over the id alone. */
export interface CollectionIndex {
  readonly name: string;
  /** As it stands in SQL, quoted; undefined for the primary key. */
  readonly sql?: string;
  readonly columns: readonly KeyColumn[];
}

/** What `read_collections` keeps of a collection. */
export interface CollectionDefinition {
  readonly table: string;
  /** Number of the next column: a name is never used again. */
  readonly nextColumn: number;
  readonly columns: readonly { readonly path: string; readonly name: string; readonly shape: Shape }[];
  readonly indexes: readonly IndexDefinition[];
}

/** A collection as it is stored: a table of its own, a column for each indexed path. */
export class SqliteCollection {
  readonly table: string;
  readonly columns: readonly PathColumn[];
  readonly primary: CollectionIndex = {
    name: 'id',
    columns: [{ sql: 'id', path: ID_PATH, shape: Shape.Scalars }],
  };
  readonly indexes: readonly CollectionIndex[];
  readonly #replace: string;
  readonly #upsert: string;
  #shapesSeen = 0;
  #shapesSaved = 0;

  constructor(
    readonly name: string,
    private readonly declared: CollectionDefinition,
  ) {
    this.table = quoted(declared.table);
    this.columns = declared.columns.map((column) => ({
      sql: quoted(column.name),
      path: column.path,
      segments: pathOf(column.path),
      shape: column.shape,
    }));
    this.indexes = declared.indexes.map((index) => ({
      name: indexName(index),
      sql: quoted(storedIndexName(declared, index)),
      columns: index.fields.map((path) => this.columns.find((column) => column.path === path)!),
    }));
    const sameKeys = this.columns.map(({ sql }) => ` AND ${sql} = ?`).join('');
    this.#replace = `UPDATE ${this.table} SET document = ? WHERE id = ?${sameKeys}`;
    const names = ['id', 'document', ...this.columns.map(({ sql }) => sql)];
    this.#upsert =
      `INSERT INTO ${this.table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ` +
      `ON CONFLICT (id) DO UPDATE SET ${names
        .slice(1)
        .map((name) => `${name} = excluded.${name}`)
        .join(', ')}`;
  }

  /** With the shapes as they are now. */
  get definition(): CollectionDefinition {
    const columns = this.declared.columns.map((column, i) => ({ ...column, shape: this.columns[i]!.shape }));
    return { ...this.declared, columns };
  }

  /** The columns that a filter can be answered from. */
  get filterColumns(): readonly KeyColumn[] {
    return [...this.columns, ...this.primary.columns];
  }

  keysOf(document: JsonObject): Key[] {
    return this.columns.map(({ segments }) => keyAt(document, segments));
  }

  /** Grows whenever a path shows a shape that it did not show before. */
  get shapesSeen(): number {
    return this.#shapesSeen;
  }

  /** Notes the shapes of keys that are going to be written. */
  widen(keys: readonly Key[]): void {
    for (const [i, column] of this.columns.entries()) {
      const shape = shapeOf(keys[i]!);
      if (shape <= column.shape) continue;
      column.shape = shape;
      this.#shapesSeen++;
    }
  }

  /** Keeps shapes that the file does not know yet, as part of the transaction. The answer is to be called when that stands. */
  saveShapes(database: SqliteDatabase): () => void {
    const seen = this.#shapesSeen;
    if (seen > this.#shapesSaved) this.save(database);
    return () => (this.#shapesSaved = Math.max(this.#shapesSaved, seen));
  }

  /** `isNew` where it is probably not there yet. */
  put(database: SqliteDatabase, id: string, document: string, keys: readonly Key[], isNew: boolean): void {
    const values = keys as SQLInputValue[];
    // SQLite would move every index entry, also to where it is already: four times the cost of the document itself.
    if (!isNew && database.prepare(this.#replace).run(document, id, ...values).changes > 0) return;
    database.prepare(this.#upsert).run(id, document, ...values);
  }

  remove(database: SqliteDatabase, id: string): void {
    database.prepare(`DELETE FROM ${this.table} WHERE id = ?`).run(id);
  }

  save(database: SqliteDatabase): void {
    database
      .prepare('INSERT OR REPLACE INTO read_collections (name, definition) VALUES (?, ?)')
      .run(this.name, JSON.stringify(this.definition));
  }
}

export function indexName({ fields }: IndexDefinition): string {
  return fields.join(',');
}

/** Made of its columns' names, whose numbers keep apart what differs only in upper and lower case. */
export function storedIndexName({ table, columns }: CollectionDefinition, { fields }: IndexDefinition): string {
  const names = fields.map((path) => columns.find((column) => column.path === path)!.name);
  return `${table}(${names.join(',')})`;
}

/** A name in SQL, whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
