import { describe, expect, it } from '@jest/globals';
import { describeConfig, InvalidConfig, readConfig } from './config.js';
import { keyOptionsOf, keyWarnings } from './deployment.js';

const keysOf = (environment: Record<string, string>) => keyOptionsOf(readConfig(environment));
const KEY = Buffer.alloc(32, 1).toString('base64');

describe('the keys of personal data', () => {
  it('lie beside the events in a file of their own, or where all processes find them', () => {
    expect(keysOf({})).toMatchObject({ keys: 'sqlite:./data/keys.db', masterKey: { file: './data/master.key' } });
    const mongodb = 'mongodb://localhost:27017/perdure';
    expect(keysOf({ PERDURE_READ_STORE: mongodb })).toMatchObject({ keys: mongodb });
    const memory = { PERDURE_EVENT_STORE: 'sqlite::memory:', PERDURE_READ_STORE: 'sqlite::memory:' };
    expect(keysOf(memory)).toEqual({ keys: 'sqlite::memory:', masterKey: { key: '', file: undefined } });
    expect(keysOf({ PERDURE_KEYS: 'sqlite:/keys/keys.db' })).toMatchObject({ keys: 'sqlite:/keys/keys.db' });
  });

  it('are nowhere until somebody says where, if others may share the events', () => {
    const events = { PERDURE_EVENT_STORE: 'esdb://localhost:2113' };
    expect(keysOf(events)).toMatchObject({ undecided: true, keys: 'sqlite:./data/keys.db' });
    expect(keysOf({ ...events, PERDURE_KEYS: 'sqlite:./data/keys.db' })).not.toHaveProperty('undecided');
  });

  it('never lie where copies of the data would have them', () => {
    expect(() => keysOf({ PERDURE_KEYS: 'sqlite:data/perdure.db' })).toThrow(InvalidConfig);
    expect(() => keysOf({ PERDURE_KEYS: 'sqlite:/jobs.db', PERDURE_JOBS: 'sqlite:/jobs.db' })).toThrow(InvalidConfig);
  });

  it('are wrapped by a key that is shown nowhere', () => {
    const config = readConfig({ PERDURE_MASTER_KEY: KEY });
    expect(keyOptionsOf(config)).toMatchObject({ masterKey: { key: KEY } });
    expect(JSON.stringify(describeConfig(config))).not.toContain(KEY);
    const wrong = `${KEY}${KEY}`;
    expect(() => readConfig({ PERDURE_MASTER_KEY: wrong })).toThrow(/32 bytes in base64/);
    expect(() => readConfig({ PERDURE_MASTER_KEY: wrong })).not.toThrow(KEY);
  });
});

describe('the keys of several processes', () => {
  const warnings = (environment: Record<string, string>, role: 'api' | 'worker' = 'worker') =>
    keyWarnings(readConfig(environment), role);

  it('are warned of where each process would have its own', () => {
    expect(warnings({})).toEqual([
      expect.stringMatching(/^PERDURE_AUDIT_KEY_FILE=.* give all of them the same file/),
      expect.stringMatching(/^PERDURE_MASTER_KEY is not set/),
    ]);
    expect(warnings({ PERDURE_WORKER: 'apart' }, 'api')).toHaveLength(2);
    expect(warnings({ PERDURE_WORKER: 'apart', PERDURE_AUDIT_KEY_FILE: './data/../data/keys/audit.key' })).toHaveLength(
      2,
    );
  });

  it('are as they should be where they lie elsewhere, and where one process does everything', () => {
    expect(warnings({ PERDURE_AUDIT_KEY_FILE: '/keys/audit.key', PERDURE_MASTER_KEY: KEY })).toEqual([]);
    expect(warnings({ PERDURE_AUDIT_KEY_FILE: '/keys/a', PERDURE_MASTER_KEY_FILE: '/keys/m' }, 'api')).toEqual([]);
    expect(warnings({}, 'api')).toEqual([]);
  });
});
