import { choice, text, type Setting } from './setting.js';

const EVENT_STORE_SCHEMES = String.raw`(?:esdb|kurrentdb)(?:\+discover)?`;
const READ_STORE_SCHEMES = String.raw`mongodb(?:\+srv)?`;

/** Where the three stores are. An address may have a password in it, which is never shown. */
export const storeSettings = {
  eventStore: address(
    { name: 'PERDURE_EVENT_STORE', meaning: 'Where events are kept.' },
    'esdb://<host>:2113',
    EVENT_STORE_SCHEMES,
  ),
  eventStoreMirror: {
    name: 'PERDURE_EVENT_STORE_MIRROR',
    meaning: 'A second event store that is kept as a copy, to move to it gradually; empty for none.',
    allowed: 'the address of an event store, or empty',
    default: '',
    secret: true,
    parse: (given: string) => (given === '' || addressOf(EVENT_STORE_SCHEMES).test(given) ? given : undefined),
  },
  readEventsFrom: choice(
    {
      name: 'PERDURE_READ_EVENTS_FROM',
      meaning: 'mirror: events are read from the mirror, and a command is answered when the mirror has its events.',
    },
    ['store', 'mirror'],
  ),
  readStore: address(
    { name: 'PERDURE_READ_STORE', meaning: 'Where read models are kept.' },
    'mongodb://<host>:27017/<database>',
    READ_STORE_SCHEMES,
  ),
  jobs: address(
    { name: 'PERDURE_JOBS', meaning: 'Where work that is scheduled, repeated or retried waits.' },
    'redis://<host>:6379',
    'rediss?',
  ),
  keys: {
    name: 'PERDURE_KEYS',
    meaning:
      'Where the keys of personal data are kept, apart from events and their backups; empty: sqlite:<data>/keys.db, or the MongoDB of the read models.',
    allowed: 'sqlite:<file> of its own, sqlite::memory:, mongodb://<host>:27017/<database>, or empty',
    default: '',
    secret: true,
    parse: (given: string) => (given === '' || addressOf(READ_STORE_SCHEMES).test(given) ? given : undefined),
  },
  masterKey: {
    name: 'PERDURE_MASTER_KEY',
    meaning: 'The key that wraps the keys of personal data: 32 bytes in base64; empty where it is in a file.',
    allowed: '32 bytes in base64, such as from `openssl rand -base64 32`, or empty',
    default: '',
    secret: 'whole',
    parse: (given: string) => (/^([\w+/-]{43}=?)?$/.test(given) ? given : undefined),
  },
  masterKeyFile: text(
    {
      name: 'PERDURE_MASTER_KEY_FILE',
      meaning: 'File of that key. It is made when it is first needed; keep a copy of it apart from the data.',
    },
    '<data>/master.key',
    'a file',
  ),
} as const satisfies Record<string, Setting<unknown>>;

function address(words: Pick<Setting<unknown>, 'name' | 'meaning'>, engine: string, schemes: string): Setting<string> {
  const allowed = `sqlite:<file>, sqlite::memory: or ${engine}`;
  return { ...text(words, 'sqlite:<data>/perdure.db', allowed, addressOf(schemes)), secret: true };
}

function addressOf(schemes: string): RegExp {
  return new RegExp(String.raw`^(sqlite:.+|(${schemes})://\S+)$`);
}
