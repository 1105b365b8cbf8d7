import { describe, expect, it } from '@jest/globals';
import type { InvalidConfig } from './config.js';
import { configTable, describeConfig, readConfig } from './config.js';
import { checkApi, checkWorker } from './deployment.js';

describe('config', () => {
  it('needs no environment', () => {
    expect(readConfig()).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      eventStore: 'sqlite:./data/perdure.db',
      rateLimit: { requests: 600_000, seconds: 60 },
      allowedOrigins: [],
      durability: 'full',
      log: 'info',
    });
  });

  it('takes typed values from the environment', () => {
    const config = readConfig({
      PORT: '0',
      PERDURE_DATA: '/srv/perdure',
      PERDURE_READ_STORE: 'sqlite::memory:',
      PERDURE_RATE_LIMIT: '5/s',
      ALLOWED_ORIGINS: 'https://a.example, https://b.example:8443',
      PERDURE_LOG: '',
    });
    expect(config).toMatchObject({
      port: 0,
      eventStore: 'sqlite:/srv/perdure/perdure.db',
      readStore: 'sqlite::memory:',
      rateLimit: { requests: 5, seconds: 1 },
      allowedOrigins: ['https://a.example', 'https://b.example:8443'],
      log: 'info',
    });
  });

  it('names every variable that is wrong, and what it may be', () => {
    const environment = {
      PORT: '70000',
      HOST: 'a b',
      PERDURE_EVENT_STORE: 'mysql://x',
      PERDURE_DURABILITY: 'maybe',
      PERDURE_RATE_LIMIT: '10/hour',
      ALLOWED_ORIGINS: 'https://a.example/path',
    };
    let problems: readonly string[] = [];
    try {
      readConfig(environment);
    } catch (error) {
      problems = (error as InvalidConfig).problems;
    }
    expect(problems.map((problem) => problem.split('=')[0])).toEqual(Object.keys(environment));
    expect(problems).toContain('PERDURE_DURABILITY=maybe must be one of: full, normal.');
  });

  it('describes every variable with a default that it allows', () => {
    for (const row of configTable()) {
      expect(() => readConfig({ [row.name]: row.default })).not.toThrow();
      expect(row.meaning).toMatch(/\.$/);
    }
  });
});

describe('a password', () => {
  it.each([
    ['PERDURE_EVENT_STORE', 'esdb://admin:hush@db.example:2113?tls=true', 'esdb://***@db.example:2113?tls=true'],
    ['PERDURE_EVENT_STORE', 'esdb+discover://a:hush@a:2113,b:2113', 'esdb+discover://***@a:2113,b:2113'],
    ['PERDURE_READ_STORE', 'mongodb://ada:hush@hush/hush@a,b/perdure', 'mongodb://***@a,b/perdure'],
    [
      'PERDURE_READ_STORE',
      'mongodb://a/b?tlsCertificateKeyFilePassword=hush&authMechanismProperties=AWS_SESSION_TOKEN:hush,X:1',
      'mongodb://a/b?tlsCertificateKeyFilePassword=***&authMechanismProperties=AWS_SESSION_TOKEN:***,X:1',
    ],
    ['PERDURE_JOBS', 'rediss://:hush@cache.example:6380/1', 'rediss://***@cache.example:6380/1'],
  ])('is not in the settings that a process writes down (%s=%s)', (name, given, shown) => {
    expect(describeConfig(readConfig({ [name]: given }))[name]).toBe(shown);
  });

  it.each(['PERDURE_EVENT_STORE', 'PERDURE_READ_STORE', 'PERDURE_JOBS'])('is not in the message about %s', (name) => {
    const read = () => readConfig({ [name]: 'mysql://ada:hush@db.example/x' });
    expect(read).toThrow(`${name}=mysql://***@db.example/x must be sqlite:<file>`);
    expect(read).not.toThrow('hush');
  });
});

describe('settings that must fit together', () => {
  const shared = {
    PERDURE_EVENT_STORE: 'esdb://localhost:2113?tls=false',
    PERDURE_READ_STORE: 'mongodb://localhost/perdure',
    PERDURE_JOBS: 'redis://localhost:6379',
  };
  const apart = { ...shared, PERDURE_WORKER: 'apart' };

  it.each([
    ['all embedded', {}],
    ['embedded events, read models elsewhere', { PERDURE_READ_STORE: shared.PERDURE_READ_STORE }],
    ['events elsewhere, embedded read models', { PERDURE_EVENT_STORE: shared.PERDURE_EVENT_STORE }],
    ['nothing embedded', shared],
    ['a worker apart', apart],
  ])('fit in an API: %s', (_, environment) => {
    expect(() => checkApi(readConfig(environment))).not.toThrow();
  });

  it.each(Object.keys(shared))('send no worker apart from %s in SQLite', (name) => {
    const config = readConfig({ ...apart, [name]: '' });
    const needed = name === 'PERDURE_JOBS' ? 'redis://' : name === 'PERDURE_READ_STORE' ? 'mongodb://' : 'esdb://';
    const cure = `set ${name}=${needed}`;
    expect(() => checkApi(config)).toThrow(`${name}=sqlite:./data/perdure.db is open to one process only`);
    expect(() => checkApi(config)).toThrow(cure);
    expect(() => checkApi(config)).toThrow('leave PERDURE_WORKER out');
    expect(() => checkWorker(config)).toThrow(cure);
    expect(() => checkWorker(config)).toThrow('run no worker');
  });

  it('let a worker run on what can be shared', () => {
    expect(() => checkWorker(readConfig(shared))).not.toThrow();
  });

  it('do not give one port away twice', () => {
    expect(() => checkApi(readConfig({ PORT: '2113', PERDURE_EVENTSTOREDB_PORT: '2113' }))).toThrow('choose another');
  });
});
