import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJobs } from '#platform/stores/open-jobs';
import type { Bench } from './bench.js';
import { EngineServer } from './processes/engine-server.js';
import { RawJobs } from './raw-jobs.js';
import type { Figure } from './report/figure.js';
import { forEach, inTurns, secondsOf } from './rounds.js';

const AT_ONCE = 64;

/** Jobs a second that are taken in, and then worked off. */
interface Rates {
  readonly added: number;
  readonly done: number;
}

/** Jobs that do nothing and are due at once: taken in first, then worked off. */
export const jobs: Bench = {
  name: 'jobs',
  async *figures({ rounds, events }) {
    const keys = Array.from({ length: events / 100 }, (_, n) => `job-${n}`);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    let places = 0;
    const sqlite = await inTurns(rounds, {
      port: () => throughPort(`sqlite:${join(folder.path, `jobs${places++}.db`)}`, keys),
      raw: () => throughRows(join(folder.path, `raw${places++}.db`), keys),
    });
    yield* figuresOf('SQLite', sqlite.port, { name: `node:sqlite, batches of ${AT_ONCE}`, rates: sqlite.raw });

    await using server = await EngineServer.start('Redis');
    if (!server) return;
    const prefix = (): string => `perdure-bench-${process.pid}-${places++}`;
    const bullMq = await inTurns(rounds, {
      port: () => throughPort(`${server.url}/?prefix=${prefix()}`, keys),
      bare: () => throughBullMq(server.url, prefix(), keys),
    });
    yield* figuresOf('BullMQ', bullMq.port, { name: 'bare BullMQ', rates: bullMq.bare }, 0.8);
  },
};

function* figuresOf(
  name: string,
  rates: readonly Rates[],
  bare: { name: string; rates: readonly Rates[] },
  atLeast?: number,
): Generator<Figure> {
  for (const part of ['added', 'done'] as const) {
    yield {
      name: `${name}, ${part}`,
      unit: 'jobs/s',
      samples: rates.map((each) => each[part]),
      ceiling: { name: bare.name, samples: bare.rates.map((each) => each[part]) },
      ...(atLeast !== undefined && { aim: { of: 'ratio', atLeast } }),
    };
  }
}

async function throughPort(url: string, keys: readonly string[]): Promise<Rates> {
  const jobs = await openJobs(url);
  try {
    return await ratesOf(
      keys,
      (key) => jobs.schedule({ key, handler: 'h', payload: 1 }),
      (done) => jobs.work('default', { h: async () => done() }, { concurrency: AT_ONCE }),
    );
  } finally {
    await jobs.close();
  }
}

async function throughBullMq(url: string, prefix: string, keys: readonly string[]): Promise<Rates> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue<number>('default', { connection, prefix });
  let worker: Worker<number> | undefined;
  try {
    return await ratesOf(
      keys,
      (jobId) => queue.add('h', 1, { jobId, removeOnComplete: true }),
      (done) => {
        worker = new Worker('default', async () => done(), { connection, prefix, concurrency: AT_ONCE });
      },
    );
  } finally {
    await worker?.close();
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  }
}

async function ratesOf(
  keys: readonly string[],
  add: (key: string) => Promise<unknown>,
  work: (done: () => void) => unknown,
): Promise<Rates> {
  const adding = await secondsOf(() => forEach(keys, AT_ONCE, add));
  const working = await secondsOf(
    () =>
      new Promise<void>((resolve) => {
        let left = keys.length;
        work(() => --left === 0 && resolve());
      }),
  );
  return { added: keys.length / adding, done: keys.length / working };
}

async function throughRows(path: string, keys: readonly string[]): Promise<Rates> {
  using raw = new RawJobs(path);
  const batches = Array.from({ length: Math.ceil(keys.length / AT_ONCE) }, (_, n) =>
    keys.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  const adding = await secondsOf(async () => batches.forEach((batch) => raw.add(batch)));
  const working = await secondsOf(async () => batches.forEach((batch) => raw.finish(batch)));
  return { added: keys.length / adding, done: keys.length / working };
}
