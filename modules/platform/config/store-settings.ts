import { choice, text, type Setting } from './setting.js';

const EVENT_STORE_SCHEMES = String.raw`(?:esdb|kurrentdb)(?:\+discover)?`;

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
    String.raw`mongodb(?:\+srv)?`,
  ),
  jobs: address(
    { name: 'PERDURE_JOBS', meaning: 'Where work that is scheduled, repeated or retried waits.' },
    'redis://<host>:6379',
    'rediss?',
  ),
} as const satisfies Record<string, Setting<unknown>>;

function address(words: Pick<Setting<unknown>, 'name' | 'meaning'>, engine: string, schemes: string): Setting<string> {
  const allowed = `sqlite:<file>, sqlite::memory: or ${engine}`;
  return { ...text(words, 'sqlite:<data>/perdure.db', allowed, addressOf(schemes)), secret: true };
}

function addressOf(schemes: string): RegExp {
  return new RegExp(String.raw`^(sqlite:.+|(${schemes})://\S+)$`);
}
