import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { ManualClock } from '#test/support/manual-clock';
import type { Bench } from './bench.js';
import { type Latency, latencyOf } from './latency.js';
import { LoadProcess } from './load/load-process.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';
import { anOrder, thingEvent } from './seed.js';

const EVENTS = 10_000;
/** Events that were recorded at one time; times are a second apart. */
const AT_ONCE = 10;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const QUESTIONS = 400;
const PAGE = 100;

/** One object with a long past: as it was, and what happened to it. */
export const past: Bench = {
  name: 'past',
  async *figures({ rounds, seconds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    await seedLongOrder(join(folder.path, 'perdure.db'));
    await using perdure = await ServerProcess.perdure(folder.path);
    await using idle = await ServerProcess.idle();
    using generator = new LoadProcess();

    const order = `${perdure.url}/api/v1/objects/Order/long`;
    const asOf = (query: (n: number) => string) => (): Promise<Latency> =>
      latencyOf(QUESTIONS, 2, (n) => fetch(`${order}?${query(n)}`));
    // The first one that goes past the end of the log leaves way-marks.
    await asOf((n) => `revision=${(n * 25) % EVENTS}`)();
    const latencies = await inTurns(rounds, {
      now: asOf(() => ''),
      revision: asOf((n) => `revision=${(n * 7_919) % EVENTS}`),
      recorded: asOf((n) => `at=${timeOf((n * 7_919) % EVENTS)}`),
      occurred: asOf((n) => `clock=occurred&at=${timeOf((n * 7_919) % EVENTS)}`),
    });
    const ceiling = { name: 'ms, p99 of the same object now', samples: latencies.now.map(({ p99 }) => p99) };
    for (const name of ['revision', 'recorded', 'occurred'] as const) {
      const samples = latencies[name].map(({ p99 }) => p99);
      const aim = { of: 'value', atMost: 50 } as const;
      yield {
        name: `one of ${EVENTS.toLocaleString('en')} events, as of ${name}: p99`,
        unit: 'ms',
        samples,
        ceiling,
        aim,
      };
    }

    const load = { method: 'GET', connections: 16, seconds } as const;
    const path = `/api/v1/objects/Order/long/history?limit=${PAGE}&cursor={n}00`;
    const pages = await inTurns(rounds, {
      history: async () =>
        (await generator.put({ ...load, port: perdure.port, path, numbers: EVENTS / PAGE })).perSecond,
      empty: async () => (await generator.put({ ...load, port: idle.port, path: '/' })).perSecond,
    });
    const route = { name: 'empty route', samples: pages.empty };
    yield {
      name: `pages of its history, ${PAGE} events each`,
      unit: 'pages/s',
      samples: pages.history,
      ceiling: route,
    };
  },
};

/** The moment at which the event happened, and was recorded. */
function timeOf(revision: number): string {
  return new Date(BEGIN + Math.floor(revision / AT_ONCE) * 1_000).toISOString();
}

async function seedLongOrder(path: string): Promise<void> {
  const clock = new ManualClock();
  const store = await SqliteEventStore.open(path, { clock });
  for (let first = 0; first < EVENTS; first += AT_ONCE) {
    if (first > 0) clock.advance(1);
    const events = Array.from({ length: AT_ONCE }, (_, n) => {
      const data = first + n === 0 ? { data: anOrder } : { data: { clerk: 'Noor' }, set: { total: first + n } };
      const event = thingEvent(first + n === 0 ? 'Order.created' : 'Order.paid', data);
      return { ...event, metadata: { ...event.metadata, occurredAt: timeOf(first + n) } };
    });
    await store.append('main.Order-long', first === 0 ? 'none' : first - 1, events);
  }
  await store.close();
}
