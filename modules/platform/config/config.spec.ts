import { describe, expect, it } from '@jest/globals';
import type { InvalidConfig } from './config.js';
import { configTable, readConfig } from './config.js';

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
