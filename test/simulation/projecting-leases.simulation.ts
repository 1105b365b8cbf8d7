import { describe, expect, it } from '@jest/globals';
import { comparePositions } from '#kernel/event';
import { projected, type GivenEvent } from '#kernel/projection-specification';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { Leases } from '#platform/projecting/leases';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import type { Advance, ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, documentsOf, type CounterEvent } from '#test/support/counter-projection';
import { atRest, ManualStopwatch } from '#test/support/manual-stopwatch';
import { mulberry32 } from '#test/support/mulberry32';
import { piecemeal, type Positions } from '#test/support/piecemeal-store';
import { StallableProcess } from '#test/support/stallable-process';

const SEED = Number(process.env['PERDURE_SEED'] ?? 20260104);
const WORLDS = 50;
const STEPS = 60;

describe.each([true, false])('two workers that stall and die, in a store with transactions: %s', (transactions) => {
  it(`lose no event, apply none twice, and write nothing when it is another’s turn (PERDURE_SEED=${SEED})`, async () => {
    let takeOvers = 0;
    let refused = 0;
    for (let n = 0; n < WORLDS; n++) {
      const world = await World.open(SEED + n, transactions);
      for (let step = 0; step < STEPS; step++) await world.step();
      await world.settle();
      await world.isWhole();
      takeOvers += world.tokens.at(-1)!;
      refused += world.refused;
      await world.close();
    }
    // It must have come to what is tested here.
    expect(takeOvers).toBeGreaterThan(WORLDS * 5);
    if (transactions) expect(refused).toBeGreaterThan(5);
  }, 240_000);
});

interface Worker {
  readonly process: StallableProcess;
  stalled: boolean;
}

/** Two workers, and stores that they reach over a slow network; its time is its own. */
class World {
  /** Fencing tokens of the writes to the read model, as the store carried them out, and of those to the one that is built beside it. */
  readonly tokens: number[] = [];
  readonly buildTokens: number[] = [];
  /** Writes that the store refused, because they came too late. */
  refused = 0;
  readonly #time = new ManualStopwatch(storesAtRest);
  readonly #random: () => number;
  readonly #positions: Positions = new Map();
  readonly #workers: Worker[] = [];
  #slow = true;

  static async open(seed: number, transactions: boolean): Promise<World> {
    const events = await SqliteEventStore.open(':memory:');
    const documents = await SqliteReadStore.open(':memory:');
    const world = new World(seed, transactions, events, documents);
    world.#start(1);
    world.#start(1);
    return world;
  }

  private constructor(
    seed: number,
    private readonly transactions: boolean,
    private readonly events: SqliteEventStore,
    private readonly documents: SqliteReadStore,
  ) {
    this.#random = mulberry32(seed);
  }

  async step(): Promise<void> {
    const worker = this.#workers[Math.floor(this.#random() * this.#workers.length)]!;
    const what = this.#random();
    if (what < 0.4) await this.#append();
    else if (what < 0.5) this.#toggle(worker);
    else if (what < 0.56) {
      worker.process.kill();
      this.#start(this.#random() < 0.5 ? 1 : 2);
    }
    await this.#time.advance(this.#random() < 0.8 ? this.#random() * 1_500 : this.#random() * 12_000);
  }

  /** Lets what is under way arrive, and two workers of the second version catch up; then the owner dies once more. */
  async settle(): Promise<void> {
    this.#slow = false;
    for (const { process } of this.#workers) process.kill();
    await this.#time.advance(60_000);
    this.#start(2);
    this.#start(2);
    await this.#catchesUpWithin(60_000);
    await this.#append();
    this.#workers[0]!.process.kill();
    await this.#catchesUpWithin(10_000);
  }

  async #catchesUpWithin(milliseconds: number): Promise<void> {
    const until = this.#time.now() + milliseconds;
    while (this.#time.now() < until) {
      await this.#time.advance(100);
      const checkpoint = await this.documents.checkpoint('counters');
      const isReached = checkpoint && comparePositions(checkpoint.position, await this.events.head()) >= 0;
      if (isReached && checkpoint.version === 2) return;
    }
    throw new Error(`Not caught up within ${milliseconds} ms.`);
  }

  async isWhole(): Promise<void> {
    const { events } = await this.events.readAll({ limit: 100_000 });
    expect(await documentsOf(this.documents)).toEqual(
      projected(counters())(...(events as unknown as GivenEvent<CounterEvent>[])),
    );
    for (const tokens of [this.tokens, this.buildTokens]) expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  }

  async close(): Promise<void> {
    for (const { process } of this.#workers) process.kill();
    await this.#time.advance(60_000);
    await Promise.all([this.events.close(), this.documents.close()]);
  }

  async #append(): Promise<void> {
    for (let n = this.#random() * 5; n > 0; n--) {
      const stream = `main.counter-k${Math.floor(this.#random() * 4)}`;
      const event = added(Math.floor(this.#random() * 9));
      await this.events.append(stream, 'any', [this.#random() < 0.1 ? { ...event, type: 'counter.removed' } : event]);
    }
  }

  #toggle(worker: Worker): void {
    if (worker.stalled) worker.process.resume();
    else worker.process.stall();
    worker.stalled = !worker.stalled;
  }

  #start(version: number): void {
    for (let i = this.#workers.length - 1; i >= 0; i--) {
      if (this.#workers[i]!.process.killed) this.#workers.splice(i, 1);
    }
    const worker: Worker = { process: new StallableProcess(this.#time, () => this.#delay(worker)), stalled: false };
    const { process } = worker;
    const documents = process.reaching(this.#fenced());
    const { stopwatch } = process;
    const runner = new ProjectionRunner({ ...counters(), version }, process.reaching(this.events), documents, {
      pageSize: 3,
      leases: new Leases(documents, { stopwatch, owner: `worker ${this.#random()}` }),
      stopwatch,
      logger: { log: () => {}, warn: () => {} },
      retry: { attempts: 1, delay: (milliseconds, signal) => stopwatch.wait(milliseconds, signal) },
    });
    void runner.start();
    this.#workers.push(worker);
  }

  /** Most requests take a moment; some are under way for so long, and their process stalls, that the lease changes hands meanwhile. */
  #delay(worker: Worker): number {
    if (!this.#slow || this.#random() < 0.7) return 0;
    if (this.#random() < 0.85) return this.#random() * 300;
    if (!worker.stalled && this.#random() < 0.5) this.#toggle(worker);
    return this.#random() * 30_000;
  }

  /** The read store, with a look at who writes. */
  #fenced(): ReadStore {
    const store: ReadStore = this.transactions ? this.documents : piecemeal(this.documents, this.#positions);
    const write: ReadStore['write'] = async (writes, advance?: Advance) => {
      try {
        await store.write(writes, advance);
      } catch (error) {
        this.refused++;
        throw error;
      }
      (advance!.projection === 'counters' ? this.tokens : this.buildTokens).push(advance!.token!);
    };
    return new Proxy<ReadStore>(store, {
      get(target, name: keyof ReadStore) {
        if (name === 'write') return write;
        const member = Reflect.get(target, name) as unknown;
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }
}

/** The stores take their time, of another kind than the world's. */
async function storesAtRest(): Promise<void> {
  do await atRest();
  while (StallableProcess.busy > 0);
}
