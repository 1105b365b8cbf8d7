import { relative, resolve } from 'node:path';
import type { KeyOptions } from '../erasure/subject-keys.js';
import { InvalidConfig, type Config } from './config.js';

/** Where each kind of store is set, and what several processes can share in its place. */
const SHAREABLE = [
  ['eventStore', 'PERDURE_EVENT_STORE', 'esdb://<host>:2113'],
  ['readStore', 'PERDURE_READ_STORE', 'mongodb://<host>:27017/<database>'],
  ['jobs', 'PERDURE_JOBS', 'redis://<host>:6379'],
] as const;

/** Throws InvalidConfig where the settings, each allowed, do not make an API together. */
export function checkApi(config: Config): void {
  const problems = config.worker === 'apart' ? unshareable(config, 'PERDURE_WORKER=apart') : [];
  if (problems.length > 0) problems.push('Or leave PERDURE_WORKER out: the API then runs projections and jobs itself.');
  if (config.eventStoreDbPort > 0 && config.eventStoreDbPort === config.port) {
    problems.push(`PERDURE_EVENTSTOREDB_PORT=${config.port} is the API's own port: choose another, usually 2113.`);
  }
  if (problems.length > 0) throw new InvalidConfig(problems);
}

/** Throws InvalidConfig where a worker could not share its stores with an API. */
export function checkWorker(config: Config): void {
  const problems = unshareable(config, '`perdure worker`');
  if (problems.length === 0) return;
  problems.push('Or run no worker: `perdure start` runs projections and jobs itself.');
  throw new InvalidConfig(problems);
}

/**
 * What to mend soon where several processes work together and each would have keys of its own, in words. A folder that all of them
 * share cannot be told from one that each container has for itself, so that this is no refusal.
 */
export function keyWarnings(config: Config, role: 'api' | 'worker'): string[] {
  if (role === 'api' && config.worker === 'here') return [];
  const { data, auditKeyFile, masterKey, masterKeyFile } = config;
  const warnings: string[] = [];
  if (isInside(data, auditKeyFile)) {
    warnings.push(
      `PERDURE_AUDIT_KEY_FILE=${auditKeyFile} lies in the data folder. APIs and workers sign the same log: give all of them the ` +
        'same file, outside of it.',
    );
  }
  if (masterKey === '' && isInside(data, masterKeyFile)) {
    warnings.push(
      `PERDURE_MASTER_KEY is not set, and ${masterKeyFile} lies in the data folder. Give all APIs and workers the same master ` +
        'key before anything personal is stored; until then it is refused.',
    );
  }
  return warnings;
}

function isInside(folder: string, file: string): boolean {
  return !relative(resolve(folder), resolve(file)).startsWith('..');
}

function unshareable(config: Config, wanted: string): string[] {
  return SHAREABLE.filter(([key]) => config[key].startsWith('sqlite:')).map(
    ([key, name, instead]) =>
      `${name}=${config[key]} is open to one process only, and ${wanted} needs two: set ${name}=${instead}.`,
  );
}

/** Where the keys of personal data are. Throws InvalidConfig where a copy of events or documents would have them, too. */
export function keyOptionsOf(config: Config): KeyOptions {
  const { keys, masterKey, masterKeyFile, eventStore, readStore, jobs } = config;
  if ([eventStore, readStore, jobs].map(fileOf).includes(fileOf(keys) ?? 'none')) {
    const problem = `PERDURE_KEYS=${keys} is the file of another store, and a copy of it would have the keys: name a file of its own.`;
    throw new InvalidConfig([problem]);
  }
  const file = isInMemory(keys) ? undefined : masterKeyFile;
  const place = keys === '' ? { keys: `sqlite:${config.data}/keys.db`, undecided: true } : { keys };
  return { ...place, masterKey: { key: masterKey, file } };
}

/** The file of a store that is in one, however its path is spelled. */
function fileOf(url: string): string | undefined {
  return url.startsWith('sqlite:') && !isInMemory(url) ? resolve(url.slice('sqlite:'.length)) : undefined;
}

function isInMemory(url: string): boolean {
  return url === 'sqlite::memory:';
}
