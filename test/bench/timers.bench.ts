import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs } from '#platform/jobs/jobs.port';
import { openJobs } from '#platform/stores/open-jobs';
import { redis, redisMissing } from '#test/support/engines/redis';
import type { Bench } from './bench.js';
import { inTurns } from './rounds.js';

const TIMERS = 5_000;
/** They are due one after the other within so many milliseconds. */
const WITHIN = 5_000;
/** Time to schedule them all before the first is due, in milliseconds. */
const LEAD = 4_000;

/** A round takes half a minute. */
const MOST_ROUNDS = 1;

/** Lateness in milliseconds at the median and at the 99th of 100. */
interface Lateness {
  readonly p50: number;
  readonly p99: number;
}

/** How late 5,000 timers run that are due within 5 seconds, beside what does nothing but wait. */
export const timers: Bench = {
  name: 'timers',
  async *figures({ rounds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    let places = 0;
    const sqlite = await inTurns(Math.min(rounds, MOST_ROUNDS), {
      port: () => latenessOf(`sqlite:${join(folder.path, `jobs${places++}.db`)}`),
      bare: () => latenessOfTimeouts(),
    });
    yield* figuresOf('SQLite', sqlite.port, 'setTimeout', sqlite.bare);

    const given = process.env['REDIS_URL'];
    if (!given && redisMissing()) return console.log(`  no Redis: ${redisMissing()}, or set REDIS_URL`);
    const engine = given ? undefined : redis({ extra: ['--appendfsync', 'everysec'] });
    await engine?.start();
    try {
      const url = given ?? engine!.url;
      const bullMq = await inTurns(Math.min(rounds, MOST_ROUNDS), {
        port: () => latenessOf(`${url}/?prefix=bench-${process.pid}-${places++}`),
        bare: () => latenessOfBullMq(url, `bare-${process.pid}-${places++}`),
      });
      yield* figuresOf('BullMQ', bullMq.port, 'bare BullMQ', bullMq.bare);
    } finally {
      await engine?.stop();
    }
  },
};

function* figuresOf(name: string, port: Lateness[], bareName: string, bare: Lateness[]) {
  for (const part of ['p50', 'p99'] as const) {
    yield {
      name: `${name}, lateness ${part}`,
      unit: 'ms',
      samples: port.map((each) => each[part]),
      ceiling: { name: bareName, samples: bare.map((each) => each[part]) },
      ...(part === 'p99' && { aim: { of: 'value', atMost: 50 } as const }),
    };
  }
}

/** Through the port. Throws where a timer is lost or runs twice. */
async function latenessOf(url: string): Promise<Lateness> {
  const jobs = await openJobs(url);
  try {
    return await measure(
      (due) => scheduleAll(jobs, due),
      (ran) => {
        jobs.work('default', { h: async ({ payload }) => ran(payload as number) }, { concurrency: 64 });
      },
    );
  } finally {
    await jobs.close();
  }
}

async function scheduleAll(jobs: Jobs, due: readonly number[]): Promise<void> {
  await inBatches(due, (at, i) =>
    jobs.schedule({ key: `t${i}`, handler: 'h', payload: i, time: { at: new Date(at).toISOString() } }),
  );
}

function latenessOfTimeouts(): Promise<Lateness> {
  let run: (i: number) => void;
  return measure(
    async (due) => due.forEach((at, i) => setTimeout(() => run(i), at - Date.now())),
    (ran) => (run = ran),
  );
}

async function latenessOfBullMq(url: string, prefix: string): Promise<Lateness> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue<number>('default', { connection, prefix });
  let worker: Worker<number> | undefined;
  try {
    return await measure(
      (due) => inBatches(due, (at, i) => queue.add('h', i, { delay: at - Date.now(), removeOnComplete: true })),
      (ran) => {
        worker = new Worker<number>('default', async ({ data }) => ran(data), { connection, prefix, concurrency: 64 });
      },
    );
  } finally {
    await worker?.close();
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  }
}

async function measure(
  schedule: (due: readonly number[]) => Promise<void>,
  work: (ran: (i: number) => void) => void,
): Promise<Lateness> {
  const start = Date.now() + LEAD;
  const due = Array.from({ length: TIMERS }, (_, i) => start + Math.floor((i * WITHIN) / TIMERS));
  const late = new Map<number, number>();
  work((i) => {
    if (late.has(i)) throw new Error(`Timer ${i} ran twice.`);
    late.set(i, performance.timeOrigin + performance.now() - due[i]!);
  });
  await schedule(due);
  if (Date.now() > start) throw new Error(`Scheduling took longer than ${LEAD} ms: the lateness would be its own.`);
  await sleep(start + WITHIN - Date.now());
  for (let waited = 0; late.size < TIMERS; waited++) {
    if (waited > 300) throw new Error(`${TIMERS - late.size} timers did not run.`);
    await sleep(100);
  }
  const sorted = [...late.values()].sort((a, b) => a - b);
  return { p50: sorted[TIMERS / 2]!, p99: sorted[Math.floor(TIMERS * 0.99)]! };
}

async function inBatches<T>(all: readonly T[], work: (each: T, index: number) => Promise<unknown>): Promise<void> {
  const size = 250;
  for (let from = 0; from < all.length; from += size) {
    await Promise.all(all.slice(from, from + size).map((each, i) => work(each, from + i)));
  }
}
