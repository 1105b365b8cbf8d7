import { randomUUID } from 'node:crypto';
import { type Recorded, START } from '#kernel/event';
import { StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { Appended } from './event-store.port.js';
import type { Appender } from './eventstoredb-appender.js';
import type { Append } from './eventstoredb-batch.js';
import { SIGNPOST_TYPE, signpostStream } from './eventstoredb-own.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';

/** Where an event is to be looked for: in the stream, from the revision on. */
interface Signpost {
  readonly stream: string;
  readonly from: number;
}

const PAGE = 500;
/** So many streams one event id may have been meant for. */
const MOST = 100;

/**
 * EventStoreDB finds no event by its id. So before an append that must be found later, a small stream named by the first event's id
 * says where it goes. A signpost without its events is harmless: the append never took place.
 */
export class Signposts {
  constructor(
    private readonly appender: Appender,
    private readonly reader: EventStoreDbReader,
  ) {}

  /**
   * Resolves when the signpost to the append's first event is durable. Where it is not the first one, another process or an earlier
   * attempt is about the same append: then with its answer, if its events stand in the stream already.
   */
  async set(append: Append): Promise<Appended | undefined> {
    const { stream, expected, events } = append;
    const eventId = events[0]!.id;
    const signpost: Signpost = { stream, from: typeof expected === 'number' ? expected + 1 : 0 };
    const { revision } = await this.appender.append({
      stream: signpostStream(eventId),
      expected: 'any',
      events: [{ id: randomUUID(), type: SIGNPOST_TYPE, data: JSON.stringify(signpost), metadata: '{}' }],
    });
    if (revision === 0) return undefined;
    const first = await this.find(eventId, stream);
    if (!first) return undefined;
    const standing = await this.appender.standing({ ...append, expected: first.revision - 1, known: START });
    if (standing) return standing;
    // A part of the append stands in the stream, but not all of it: it is neither new nor the same.
    throw new WrongExpectedRevision(stream, expected, await this.reader.lastRevision(stream));
  }

  /** The event, in any stream that a signpost names or in that one only. */
  async find(eventId: string, only?: string): Promise<Recorded | undefined> {
    const page = await this.reader.page(signpostStream(eventId), { count: MOST });
    const earliest = new Map<string, number>();
    for (const { data } of page?.events ?? []) {
      const { stream, from } = data as Signpost;
      earliest.set(stream, Math.min(from, earliest.get(stream) ?? from));
    }
    for (const [stream, from] of earliest) {
      if (only !== undefined && stream !== only) continue;
      const found = await this.#findIn(stream, from, eventId).catch(notUnderTombstone);
      if (found) return found;
    }
    return undefined;
  }

  async #findIn(stream: string, from: number, eventId: string): Promise<Recorded | undefined> {
    // Mostly it stands right there.
    for (let next = from, count = 1; ; count = PAGE) {
      const page = await this.reader.page(stream, { from: next, count });
      const found = page?.events.find(({ id }) => id === eventId);
      const last = page?.events.at(-1);
      if (found || !page || page.exhausted || !last) return found;
      next = last.revision + 1;
    }
  }
}

/** There nothing is to be seen. */
export function notUnderTombstone(error: unknown): undefined {
  if (!(error instanceof StreamDeleted)) throw error;
}
