import { describe, expect, it } from '@jest/globals';
import { DomainError } from '#kernel/errors';
import { type Position, type Recorded, START } from '#kernel/event';
import { formatUuid } from '#kernel/ids';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { EventStore, ExpectedRevision, NewEvent, StreamMetadata } from '#platform/event-store/event-store.port';
import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { ManualClock } from '#test/support/manual-clock';
import { mulberry32 } from '#test/support/mulberry32';

const SEEDS = process.env['PERDURE_SEEDS']?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6, 7, 8];
const STEPS = 250;
const STREAMS = ['main.a-1', 'main.a-2', 'main.b-1', 'other.a-1', 'free form', 'täglich'];
const FILTERS = [{}, { streamPrefixes: ['main.a-'] }, { streamPrefixes: ['t', 'free'] }, { types: ['noted'] }];

/** To be taken on either side. Positions differ between the sides, so that no answer has any. */
interface Step {
  readonly words: string;
  take(store: EventStore): Promise<unknown>;
}

/** What a caller sees of an event, but for its position. */
function seen({ id, type, data, metadata, stream, revision, recordedAt }: Recorded): object {
  return { id, type, data, metadata, stream, revision, recordedAt };
}

interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly NewEvent[];
  readonly findable: boolean;
}

/** The same seed makes the same steps. */
class Workload {
  readonly #random: () => number;
  readonly #appends: Append[] = [];
  #ids = 0;

  constructor(private readonly seed: number) {
    this.#random = mulberry32(seed);
  }

  /** Seconds that go by before the next step. */
  pause(): number {
    return this.#random() < 0.1 ? this.#below(60) : 0;
  }

  next(): Step {
    const stream = this.#one(STREAMS);
    const kind = this.#random();
    if (kind < 0.5) return this.#append(stream);
    if (kind < 0.7) return this.#read(stream);
    if (kind < 0.78) return this.#readAll();
    if (kind < 0.86) return this.#describe(stream);
    if (kind < 0.88) return { words: `metadata of ${stream}`, take: (store) => store.metadata(stream) };
    if (kind < 0.92) return this.#find();
    return this.#delete(stream);
  }

  #append(name: string): Step {
    const again = this.#appends.length > 0 && this.#random() < 0.15;
    const append = again
      ? this.#one(this.#appends)
      : { stream: name, expected: this.#expected(), events: this.#events(), findable: this.#random() < 0.2 };
    this.#appends.push(append);
    const { stream, expected, events, findable } = append;
    return {
      words: `append ${events.length} to ${stream} at ${expected}${again ? ' again' : ''}`,
      async take(store) {
        const { revision, position } = await store.append(stream, expected, events, { findable });
        const { events: read } = await store.read(stream, { direction: 'backwards', from: revision, limit: 1 });
        return { revision, position: read[0]?.revision !== revision || read[0].position === position };
      },
    };
  }

  #find(): Step {
    const findable = this.#appends.filter((append) => append.findable);
    const id = findable.length > 0 ? this.#one(findable).events[0]!.id : crypto.randomUUID();
    return {
      words: `find ${id}`,
      async take(store) {
        const found = await store.find(id);
        return found && seen(found);
      },
    };
  }

  #read(stream: string): Step {
    const options = { direction: this.#direction(), limit: this.#below(6) + 1, from: this.#below(30) };
    return {
      words: `read ${stream} ${JSON.stringify(options)}`,
      async take(store) {
        const { events, ...rest } = await store.read(stream, options);
        return { ...rest, events: events.map(seen) };
      },
    };
  }

  #readAll(): Step {
    const [direction, part, limit] = [this.#direction(), this.#random(), this.#below(20) + 1];
    const [filter, hidden] = [this.#one(FILTERS), this.#random() < 0.2];
    return {
      words: `read ${limit} of all ${direction} from ${part} ${JSON.stringify({ filter, hidden })}`,
      async take(store) {
        const events: Recorded[] = [];
        let position = await placeAt(part, store);
        for (let end = false; !end && events.length < limit;) {
          const slice = await store.readAll({ direction, filter, hidden, limit: limit - events.length, position });
          events.push(...slice.events);
          ({ position, end } = slice);
        }
        return events.map(seen);
      },
    };
  }

  #describe(stream: string): Step {
    const metadata: StreamMetadata = {
      ...(this.#random() < 0.4 && { maxCount: this.#below(5) + 1 }),
      ...(this.#random() < 0.3 && { maxAge: this.#below(100) + 1 }),
      ...(this.#random() < 0.3 && { truncateBefore: this.#below(20) }),
    };
    return {
      words: `describe ${stream} as ${JSON.stringify(metadata)}`,
      take: (store) => store.setMetadata(stream, metadata),
    };
  }

  #delete(stream: string): Step {
    const mode = this.#random() < 0.1 ? 'tombstone' : 'soft';
    const expected = this.#expected();
    return {
      words: `delete ${stream} at ${expected} (${mode})`,
      take: (store) => store.delete(stream, expected, mode),
    };
  }

  #expected(): ExpectedRevision {
    const kind = this.#random();
    return kind < 0.5 ? 'any' : kind < 0.6 ? 'none' : kind < 0.75 ? 'exists' : this.#below(25);
  }

  #events(): NewEvent[] {
    return Array.from({ length: this.#below(4) + 1 }, () => {
      const id = Buffer.alloc(16);
      id.writeUInt32BE(this.seed, 0);
      id.writeUInt32BE(++this.#ids, 12);
      const json = this.#random() < 0.8;
      const data = json ? { n: this.#ids, text: 'ä\u2028🦃' } : Uint8Array.from([0, 255, this.#ids % 256]);
      return { id: formatUuid(id), type: this.#one(['noted', 'counted']), data, metadata: { tenant: 'main' } };
    });
  }

  #direction(): 'forwards' | 'backwards' {
    return this.#one(['forwards', 'backwards']);
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

async function answerOf(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { refused: error.code, ...(error instanceof WrongExpectedRevision && { actual: error.actual }) };
  }
}

/** The position of the event that stands where the part of all visible events ends. */
async function placeAt(part: number, store: EventStore): Promise<Position> {
  const places: Position[] = [START];
  for (let position = START, end = false; !end;) {
    const slice = await store.readAll({ position });
    places.push(...slice.events.map((event) => event.position));
    ({ position, end } = slice);
  }
  return places[Math.floor(part * places.length)]!;
}

/** All that a subscription gives until it has caught up. */
async function subscribed(store: EventStore, part: number): Promise<object[]> {
  const events: object[] = [];
  const position = await placeAt(part, store);
  for await (const message of store.subscribe({ position })) {
    if (message.kind === 'event') events.push(seen(message.event));
    if (message.kind === 'caught-up') break;
  }
  return events;
}

describe('the EventStoreDB adapter answers as the SQLite store that is behind the protocol', () => {
  it.each(SEEDS)('seed %i', async (seed) => {
    const clock = new ManualClock();
    const direct = await SqliteEventStore.open(':memory:', { clock });
    const served = await SqliteEventStore.open(':memory:', { clock });
    const front = await EventStoreDbFront.open(served, { drainMs: 1_000 });
    const through = await EventStoreDbEventStore.open(`esdb://127.0.0.1:${front.port}?tls=false`, { clock });
    try {
      const workload = new Workload(seed);
      const said: string[] = [];
      for (let n = 0; n < STEPS; n++) {
        clock.advance(workload.pause());
        const step = workload.next();
        said.push(step.words); process.stderr.write(step.words + '\n');
        const expected = await answerOf(step.take(direct));
        const actual = await answerOf(step.take(through));
        expect({ after: said.slice(-8), answer: actual }).toEqual({ after: said.slice(-8), answer: expected });
      }
      for (const part of [0, 0.5]) {
        process.stderr.write('subscribed ' + part + '\n'); const [expected, actual] = [await subscribed(direct, part), await subscribed(through, part)];
        expect(actual).toEqual(expected);
      }
    } finally {
      await through.close();
      await front.close();
      await served.close();
      await direct.close();
    }
  });
});
