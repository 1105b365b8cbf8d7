import { describe, expect, it } from '@jest/globals';
import { START } from '#kernel/event';
import { formatUuid } from '#kernel/ids';
import type { ExpectedRevision } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { type Answering, type GivenEvent, ThroughClient, ThroughPort } from '#test/support/answering-stores';
import { ManualClock } from '#test/support/manual-clock';
import { mulberry32 } from '#test/support/mulberry32';
import { clientOf } from '#test/support/served-store';

const SEEDS = process.env['PERDURE_SEEDS']?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6, 7, 8];
const STEPS = 300;
const STREAMS = ['main.a-1', 'main.a-2', 'main.b-1', 'other.a-1', 'free form', 'täglich', '$own'];
const PREFIXES = [[''], ['main.a-'], ['t', 'free'], ['$']];

interface Step {
  readonly words: string;
  take(store: Answering): Promise<unknown>;
}

/** The same seed makes the same steps. */
class Workload {
  readonly #random: () => number;
  readonly #appends: { stream: string; expected: ExpectedRevision; events: GivenEvent[] }[] = [];
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
    if (kind < 0.7) return this.#read(this.#random() < 0.8 ? stream : `$$${stream}`);
    if (kind < 0.8) return this.#readAll();
    if (kind < 0.9) return this.#describe(stream);
    return this.#delete(stream);
  }

  #append(name: string): Step {
    const again = this.#appends.length > 0 && this.#random() < 0.15;
    const fresh = () => ({ stream: name, expected: this.#expected(), events: this.#events(this.#below(5)) });
    const { stream, expected, events } = again ? this.#one(this.#appends) : fresh();
    if (!again) this.#appends.push({ stream, expected, events });
    return {
      words: `append ${events.length} to ${stream} at ${expected}${again ? ' again' : ''}`,
      take: (store) => store.append(stream, expected, events),
    };
  }

  #read(stream: string): Step {
    const [direction, limit] = [this.#direction(), this.#below(6) + 1];
    const from = this.#random() < 0.3 ? undefined : this.#below(30);
    return {
      words: `read ${limit} of ${stream} ${direction} from ${from}`,
      take: (store) => store.read(stream, direction, from, limit),
    };
  }

  #readAll(): Step {
    const [direction, limit, position] = [this.#direction(), this.#below(20) + 1, String(this.#below(400))];
    return {
      words: `read ${limit} of all ${direction} from ${position}`,
      take: (store) => store.readAll(direction, position, limit),
    };
  }

  #describe(stream: string): Step {
    const data = {
      ...(this.#random() < 0.4 && { $maxCount: this.#below(5) + 1 }),
      ...(this.#random() < 0.3 && { $maxAge: this.#below(100) + 1 }),
      ...(this.#random() < 0.3 && { $tb: this.#below(20) }),
      ...(this.#random() < 0.2 && { $acl: { $r: ['$admins'] }, kitten: '😾' }),
    };
    const event = { ...this.#events(1)[0]!, type: '$metadata', data };
    return {
      words: `describe ${stream} as ${JSON.stringify(data)}`,
      take: (store) => store.append(`$$${stream}`, 'any', [event]),
    };
  }

  #delete(stream: string): Step {
    const mode = this.#random() < 0.1 ? 'tombstone' : 'soft';
    // The client has no way to say that a stream to be deleted softly must exist.
    const expected = this.#expected(mode === 'soft' ? 'any' : 'exists');
    return {
      words: `delete ${stream} at ${expected} (${mode})`,
      take: (store) => store.delete(stream, expected, mode),
    };
  }

  #expected(exists: ExpectedRevision = 'exists'): ExpectedRevision {
    const kind = this.#random();
    return kind < 0.5 ? 'any' : kind < 0.6 ? 'none' : kind < 0.75 ? exists : this.#below(25);
  }

  #events(count: number): GivenEvent[] {
    return Array.from({ length: count }, () => {
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

describe('an event store answers the same through client and front as directly', () => {
  it.each(SEEDS)('seed %i', async (seed) => {
    const clock = new ManualClock();
    const stores = await Promise.all([1, 2].map(() => SqliteEventStore.open(':memory:', { clock })));
    // Each has a front, so that both begin with the same events.
    const fronts = await Promise.all(stores.map((store) => EventStoreDbFront.open(store)));
    const client = clientOf(fronts[1]!);
    const [directly, through] = [new ThroughPort(stores[0]!), new ThroughClient(client)];
    try {
      const workload = new Workload(seed);
      const said: string[] = [];
      const compare = async (words: string, take: Step['take']): Promise<void> => {
        said.push(words);
        const expected = await take(directly);
        expect({ after: said.slice(-8), answer: await take(through) }).toEqual({
          after: said.slice(-8),
          answer: expected,
        });
      };
      for (let n = 0; n < STEPS; n++) {
        clock.advance(workload.pause());
        const step = workload.next();
        await compare(step.words, (store) => step.take(store));
      }
      for (const prefixes of PREFIXES) {
        for (const position of [START, '200']) {
          await compare(`follow ${prefixes.join()} after ${position}`, (store) => store.follow(position, prefixes));
        }
      }
      for (const stream of STREAMS) await compare(`follow ${stream}`, (store) => store.followStream(stream, 3));
    } finally {
      await client.dispose();
      await Promise.all(fronts.map((front) => front.close()));
      await Promise.all(stores.map((store) => store.close()));
    }
  });
});
