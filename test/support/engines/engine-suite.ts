import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Engine } from './engine.js';
import type { EngineProcess } from './engine-process.js';
import { ferretdb, ferretdbMissing } from './ferretdb.js';
import { redis, redisMissing, type RedisOptions } from './redis.js';

// Long enough to build FerretDB where it was never built.
const FIRST_START_MS = 600_000;

const engines = {
  redis: { create: redis, missing: redisMissing },
  ferretdb: { create: ferretdb, missing: ferretdbMissing },
} satisfies Record<string, { create(options: RedisOptions): EngineProcess; missing(): string | undefined }>;

/**
 * Tests that need a server. `engine()` is it, from `beforeAll` on; it runs when each suite starts and is gone after it.
 * Where the server cannot be had the suite is skipped and says how to get it; under CI it fails.
 */
export function engineSuite(
  kind: keyof typeof engines,
  define: (engine: () => Engine) => void,
  options: RedisOptions = {},
): void {
  const missing = engines[kind].missing();
  if (!missing) return describe(`with ${kind}`, () => withEngine(engines[kind].create(options), define));
  if (process.env.CI) return it(`needs ${kind}`, () => Promise.reject(new Error(`No ${kind} here: ${missing}.`)));

  process.stderr.write(`Tests with ${kind} are skipped here. To run them, ${missing}.\n`);
  describe.skip(`with ${kind} (to run these, ${missing})`, () => define(() => engines[kind].create(options)));
}

function withEngine(engine: Engine, define: (engine: () => Engine) => void): void {
  beforeAll(() => engine.start(), FIRST_START_MS);
  afterAll(() => engine.stop());
  define(() => engine);
}
