import { auditSettings } from './audit-settings.js';
import { graphqlSettings } from './graphql-settings.js';
import { choice, text, wholeNumber, type Setting } from './setting.js';
import { storeSettings } from './store-settings.js';

/** At most so many requests within so many seconds from one client address. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

const MIB = 2 ** 20;

const rateLimit: Setting<RateLimit | 'off'> = {
  name: 'PERDURE_RATE_LIMIT',
  meaning: 'Requests that one client address may send, for each second or minute.',
  allowed: '<requests>/s, <requests>/min or off',
  default: '600000/min',
  parse(given) {
    if (given === 'off') return 'off';
    const [, requests, unit] = /^([1-9]\d{0,8})\/(s|min)$/.exec(given) ?? [];
    return requests ? { requests: Number(requests), seconds: unit === 's' ? 1 : 60 } : undefined;
  },
};

const allowedOrigins: Setting<readonly string[]> = {
  name: 'ALLOWED_ORIGINS',
  meaning: 'Web origins whose pages may call the API (CORS).',
  allowed: 'origins such as https://app.example.com, separated by commas, or empty for none',
  default: '',
  parse(given) {
    const origins = given.split(',').flatMap((origin) => origin.trim() || []);
    return origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin) ? origins : undefined;
  },
};

/** Every setting of Perdure, by the name it has in {@link Config}. */
const settings = {
  port: wholeNumber({ name: 'PORT', meaning: 'Where the API listens; 0 takes any free port.' }, 3000, 0, 65_535),
  host: text(
    { name: 'HOST', meaning: 'Address the API listens on. Without authentication keep the default.' },
    '127.0.0.1',
    'an address or a host name',
    /^[\w.:-]+$/,
  ),
  data: text({ name: 'PERDURE_DATA', meaning: 'Folder of everything that is stored.' }, './data', 'a folder'),
  ...storeSettings,
  worker: choice(
    {
      name: 'PERDURE_WORKER',
      meaning:
        'here: the API also runs projections and jobs. apart: `perdure worker` processes do. A SQLite file is open to one process only.',
    },
    ['here', 'apart'],
  ),
  workerPort: wholeNumber(
    { name: 'PERDURE_WORKER_PORT', meaning: 'Where `perdure worker` answers /health, /ready and /metrics.' },
    3001,
    0,
    65_535,
  ),
  eventStoreDbPort: wholeNumber(
    {
      name: 'PERDURE_EVENTSTOREDB_PORT',
      meaning: 'Where EventStoreDB clients reach the event store, usually 2113; 0 leaves it closed.',
    },
    0,
    0,
    65_535,
  ),
  durability: choice(
    {
      name: 'PERDURE_DURABILITY',
      meaning:
        'full: a command is answered after an fsync. normal: after the commit; a power cut may lose the last moments.',
    },
    ['full', 'normal'],
  ),
  maxEventBytes: wholeNumber(
    { name: 'PERDURE_MAX_EVENT_BYTES', meaning: 'Largest event, in bytes of JSON.' },
    MIB,
    1_024,
    64 * MIB,
  ),
  maxBodyBytes: wholeNumber(
    { name: 'PERDURE_MAX_BODY_BYTES', meaning: 'Largest body of a request, in bytes.' },
    2 * MIB,
    1_024,
    1_024 * MIB,
  ),
  maxBatchBytes: wholeNumber(
    { name: 'PERDURE_MAX_BATCH_BYTES', meaning: 'Largest body of a batch request, in bytes.' },
    16 * MIB,
    1_024,
    1_024 * MIB,
  ),
  maxHeaderBytes: wholeNumber(
    { name: 'PERDURE_MAX_HEADER_BYTES', meaning: 'Largest URL and headers of a request together, in bytes.' },
    16_384,
    2_048,
    MIB,
  ),
  requestSeconds: wholeNumber(
    { name: 'PERDURE_REQUEST_SECONDS', meaning: 'Time a client has to send a request.' },
    30,
    1,
    3_600,
  ),
  drainSeconds: wholeNumber(
    { name: 'PERDURE_DRAIN_SECONDS', meaning: 'Time that accepted requests have to finish at shutdown.' },
    10,
    0,
    3_600,
  ),
  maxQueuedWrites: wholeNumber(
    {
      name: 'PERDURE_MAX_QUEUED_WRITES',
      meaning: 'Writes that may wait for the disk; the next one is answered with 503.',
    },
    10_000,
    100,
    1_000_000,
  ),
  cachedObjects: wholeNumber(
    { name: 'PERDURE_CACHED_OBJECTS', meaning: 'Objects whose state is kept in memory.' },
    10_000,
    1,
    10_000_000,
  ),
  snapshotEvery: wholeNumber(
    { name: 'PERDURE_SNAPSHOT_EVERY', meaning: 'Events of one object between two snapshots of its state.' },
    100,
    1,
    1_000_000,
  ),
  ...auditSettings,
  rateLimit,
  ...graphqlSettings,
  allowedOrigins,
  log: choice({ name: 'PERDURE_LOG', meaning: 'Least severe lines that are logged; debug has one for each request.' }, [
    'info',
    'error',
    'warn',
    'debug',
    'off',
  ]),
} as const satisfies Record<string, Setting<unknown>>;

type Values = { -readonly [K in keyof typeof settings]: NonNullable<ReturnType<(typeof settings)[K]['parse']>> };

// An abstract class is a type and, at run time, the token that Nest injects the settings by.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export abstract class Config {}

/** The settings of this process, typed and checked. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unsafe-declaration-merging
export interface Config extends Readonly<Values> {}

/** The environment has values that Perdure cannot use; the message names each variable and what it may be. */
export class InvalidConfig extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not right:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'InvalidConfig';
  }
}

/** Reads the settings from environment variables. An empty one counts as not set. Throws InvalidConfig. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = {}): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
    const given = environment[setting.name] || setting.default;
    values[key] = setting.parse(given);
    if (values[key] === undefined)
      problems.push(`${setting.name}=${shown(setting, given)} must be ${setting.allowed}.`);
  }
  if (problems.length > 0) throw new InvalidConfig(problems);

  const config = values as unknown as Values;
  config.eventStore = config.eventStore.replace('<data>', config.data);
  config.readStore = config.readStore.replace('<data>', config.data);
  config.jobs = config.jobs.replace('<data>', config.data);
  config.auditKeyFile = config.auditKeyFile.replace('<data>', config.data);
  config.keys = (config.keys || defaultKeys(config)).replace('<data>', config.data);
  config.masterKeyFile = config.masterKeyFile.replace('<data>', config.data);
  return Object.freeze(config);
}

/**
 * Beside the events in a file of their own, or where all processes find them; what is in memory ends with its keys. Nowhere where
 * others may append events, too, and would not find the keys: then somebody has to say.
 */
function defaultKeys({ eventStore, readStore }: Values): string {
  if (!readStore.startsWith('sqlite:')) return readStore;
  if (!eventStore.startsWith('sqlite:')) return '';
  return eventStore === 'sqlite::memory:' ? eventStore : 'sqlite:<data>/keys.db';
}

/** The settings as they are in force, without passwords: what a process writes when it starts. */
export function describeConfig(config: Config): Record<string, string> {
  const rows = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => {
    const value = config[key as keyof Config] as unknown;
    const words = typeof value === 'string' ? value : JSON.stringify(value);
    return [setting.name, shown(setting, words)] as const;
  });
  return Object.fromEntries(rows);
}

/** The user and the password of a URL stay hidden, and what its parameters have of the kind. Rather too much than too little. */
function shown({ secret = false }: Setting<unknown>, value: string): string {
  if (!secret) return value;
  if (secret === 'whole') return value && '***';
  return value.replace(/\/\/.*@/, '//***@').replace(/((?:password|secret|token)[=:])[^&,]*/gi, '$1***');
}

export interface ConfigRow {
  readonly name: string;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
}

/** Every environment variable, for the README and for `perdure doctor`. */
export function configTable(): ConfigRow[] {
  return Object.values<Setting<unknown>>(settings).map(({ name, default: byDefault, allowed, meaning }) => ({
    name,
    default: byDefault,
    allowed,
    meaning,
  }));
}
