import type { SqliteDatabase } from './sqlite-database.js';
import { StoreUnusable, unusable } from './sqlite.errors.js';

/** SQL that takes a component's tables from one version to the next: the first step makes version 1. */
export type SchemaStep = string;

/**
 * Brings the tables of one component (`event-store`, `read-store`) up to date: runs the steps that the file has not seen, all
 * or none. Throws StoreUnusable: `store-too-new`, with the file untouched, where a newer Perdure has written it.
 */
export function applySteps(database: SqliteDatabase, component: string, steps: readonly SchemaStep[]): void {
  try {
    bringUpToDate(database, component, steps);
  } catch (error) {
    throw unusable(database.path, error);
  }
}

function bringUpToDate(database: SqliteDatabase, component: string, steps: readonly SchemaStep[]): void {
  const { connection } = database;
  const version = versionOf(database, component);
  if (version > steps.length) {
    throw new StoreUnusable(
      'store-too-new',
      `${database.path} has version ${version} of the ${component} tables; this Perdure knows ${steps.length}. Update Perdure.`,
    );
  }
  if (version === steps.length) return;

  connection.exec('BEGIN IMMEDIATE');
  try {
    connection.exec(
      'CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL)',
    );
    for (const step of steps.slice(version)) connection.exec(step);
    connection.prepare('INSERT OR REPLACE INTO schema_versions VALUES (?, ?)').run(component, steps.length);
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function versionOf({ connection }: SqliteDatabase, component: string): number {
  const exists = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'").get();
  if (!exists) return 0;
  const row = connection.prepare('SELECT version FROM schema_versions WHERE component = ?').get(component);
  return Number(row?.['version'] ?? 0);
}
