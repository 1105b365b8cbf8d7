import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '#platform/config/config';
import { keyOptionsOf } from '#platform/config/deployment';
import { readMasterKey } from '#platform/erasure/master-key';
import { refuseForeign, refuseTruncated } from '#platform/sqlite/file-inspection';
import { unusable } from '#platform/sqlite/sqlite.errors';
import { eventStoreSteps } from '../../../migrations/sqlite-event-store/steps.js';
import { jobsSteps } from '../../../migrations/sqlite-jobs/steps.js';
import { readStoreSteps } from '../../../migrations/sqlite-read-store/steps.js';
import { type Check, fail, ok, warn } from './check.js';

/** Versions of tables that this Perdure knows, by component. */
const KNOWN = new Map([
  ['event-store', eventStoreSteps.length],
  ['read-store', readStoreSteps.length],
  ['jobs', jobsSteps.length],
]);

/** The SQLite files that the settings name, as far as they are there. Only reads them, also while a server has them open. */
export function checkStoreFiles(config: Config): Check[] {
  const urls = [config.eventStore, config.readStore, config.jobs];
  const files = new Set(urls.flatMap((url) => /^sqlite:(?!:memory:)(.+)$/.exec(url)?.[1] ?? []));
  return [...files].filter((file) => existsSync(file)).flatMap((file) => checkStoreFile(file));
}

function checkStoreFile(file: string): Check[] {
  const name = 'store file';
  try {
    refuseForeign(file);
    refuseTruncated(file);
    const versions = versionsIn(file);
    const size = `${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`;
    const tables = versions.map(({ component, version }) => `${component} ${version}`).join(', ');
    return [ok(name, `${file}: ${size}; versions: ${tables || 'none yet'}`), ...versions.flatMap(checkVersion)];
  } catch (error) {
    return [fail(name, unusable(file, error).message, 'Until then no server can be started on it.')];
  }
}

function checkVersion({ component, version }: { component: string; version: number }): Check[] {
  const known = KNOWN.get(component);
  if (known === undefined || version === known) return [];
  const found = `the tables of the ${component} have version ${version}; this Perdure knows ${known}`;
  if (version > known) return [fail('schema', found, 'Update Perdure: an older one leaves the store alone.')];
  return [warn('schema', found, 'perdure start brings them up to date. Take a backup with the old version first.')];
}

function versionsIn(file: string): { component: string; version: number }[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
  try {
    const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'").get();
    if (!isThere) return [];
    const rows = database.prepare('SELECT component, version FROM schema_versions ORDER BY component').all();
    return rows as unknown as { component: string; version: number }[];
  } finally {
    database.close();
  }
}

/** Whether the master key is there, that the keys of personal data are wrapped with. */
export function checkMasterKey(config: Config): Check {
  const name = 'master key';
  const { keys = '', masterKey = {} } = keyOptionsOf(config);
  const file = /^sqlite:(?!:memory:)(.+)$/.exec(keys)?.[1];
  const isThere = Boolean(masterKey.key) || (masterKey.file !== undefined && existsSync(masterKey.file));
  if (!isThere && file !== undefined && !existsSync(file)) {
    return ok(name, 'none yet: it is made with the first personal data');
  }
  try {
    const { fingerprint, from } = readMasterKey(masterKey);
    return checkAccess(ok(name, `in ${from} (fingerprint ${fingerprint})`), masterKey.file);
  } catch (error) {
    return fail(name, (error as Error).message, `Put it back, or set PERDURE_MASTER_KEY.`);
  }
}

function checkAccess(check: Check, file: string | undefined): Check {
  if (file === undefined || !existsSync(file) || (statSync(file).mode & 0o077) === 0) return check;
  return warn('master key', `${file} can be read by others on this machine`, `chmod 600 ${file}`);
}
