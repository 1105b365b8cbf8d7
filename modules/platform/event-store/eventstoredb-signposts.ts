import { hash, randomUUID } from 'node:crypto';
import { type Position, type Recorded, START } from '#kernel/event';
import { eventIdOf, uuidv8 } from '#kernel/ids';
import { StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { Appended } from './event-store.port.js';
import type { Appender } from './eventstoredb-appender.js';
import type { Append } from './eventstoredb-batch.js';
import type { StoredEvent } from './eventstoredb-event.js';
import { SIGNPOST_TYPE, signpostStream } from './eventstoredb-own.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';

/** Where an event is to be looked for: in the stream, from the revision on. */
interface Signpost {
  readonly stream: string;
  readonly from: number;
}

/** A signpost and where it stands: its append came behind it. */
interface Standing extends Signpost {
  readonly position: Position;
}

const PAGE = 500;
/** So many streams one event id may have been meant for. */
const MOST = 100;
/** An append follows its signpost at once: what is hidden in its stream stands among so many events, or nowhere. */
const REACH = 10_000;
/**
 * So long after an event was recorded its command may be repeated. Other stores find every event by its id, whatever its age; here
 * a signpost costs an append, and clients repeat a command within seconds, or hours at most.
 */
const REPEATED_WITHIN_MS = 7 * 24 * 60 * 60 * 1_000;

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
      events: [signpostEvent(randomUUID(), signpost)],
    });
    if (revision === 0) return undefined;
    const from = Math.min(...(await this.#to(eventId, stream)).map((other) => other.from));
    const first = await this.#visible(stream, from, eventId);
    if (!first) return undefined;
    const standing = await this.appender.standing({ ...append, expected: first.revision - 1, known: START });
    if (standing) return standing;
    // A part of the append stands in the stream, but not all of it: it is neither new nor the same.
    throw new WrongExpectedRevision(stream, expected, await this.reader.lastRevision(stream));
  }

  /** The event, in any stream that a signpost names; also where its stream hides it, as long as the server has it. */
  async find(eventId: string): Promise<Recorded | undefined> {
    for (const [stream, signposts] of Map.groupBy(await this.#to(eventId), ({ stream }) => stream)) {
      const found = await this.#findIn(stream, signposts, eventId).catch(notUnderTombstone);
      if (found) return found;
    }
    return undefined;
  }

  async #to(eventId: string, only?: string): Promise<Standing[]> {
    const page = await this.reader.page(signpostStream(eventId), { count: MOST });
    const signposts = (page?.events ?? []).map(({ data, position }) => ({ ...(data as Signpost), position }));
    return signposts.filter(({ stream }) => only === undefined || stream === only);
  }

  async #findIn(stream: string, signposts: readonly Standing[], eventId: string): Promise<Recorded | undefined> {
    const from = Math.min(...signposts.map((signpost) => signpost.from));
    const visible = await this.#visible(stream, from, eventId);
    if (visible || !(await this.#hides(stream, from))) return visible;
    for (const { position } of signposts) {
      const found = await this.#behind(position, stream, eventId);
      if (found) return found;
    }
    return undefined;
  }

  async #visible(stream: string, from: number, eventId: string): Promise<Recorded | undefined> {
    // Mostly it stands right there.
    for (let next = from, count = 1; ; count = PAGE) {
      const page = await this.reader.page(stream, { from: next, count });
      const found = page?.events.find(({ id }) => id === eventId);
      const last = page?.events.at(-1);
      if (found || !page || page.exhausted || !last) return found;
      next = last.revision + 1;
    }
  }

  /** Whether the stream has had an event there that cannot be read any more. */
  async #hides(stream: string, revision: number): Promise<boolean> {
    const page = await this.reader.page(stream, { from: revision, count: 1 });
    return page?.events[0]?.revision !== revision && (await this.reader.lastRevision(stream)) >= revision;
  }

  async #behind(signpost: Position, stream: string, eventId: string): Promise<Recorded | undefined> {
    let position = signpost;
    for (let seen = 0, end = false; seen < REACH && !end; seen += PAGE) {
      const slice = await this.reader.all({ position, system: true, hidden: true, limit: PAGE });
      const found = slice.events.find((event) => event.id === eventId && event.stream === stream);
      if (found) return found;
      ({ position, end } = slice);
    }
    return undefined;
  }
}

/**
 * The signpost to an event that was taken over from another store, to stand before it; undefined where nobody will look for it: only
 * the first event of a command whose client may repeat it is looked for.
 */
export function restoredSignpost(
  { id, stream, revision, metadata, recordedAt }: Recorded,
  now: Date,
): Append | undefined {
  const { commandId, commandDigest } = metadata;
  if (typeof commandId !== 'string' || commandDigest === undefined || eventIdOf(commandId, 0) !== id) return undefined;
  if (Date.parse(recordedAt) < now.getTime() - REPEATED_WITHIN_MS) return undefined;
  // Its id follows from the event, so that a repeated copy writes the same.
  const signpostId = uuidv8(hash('sha256', `signpost\n${stream}\n${id}`, 'buffer'));
  return {
    stream: signpostStream(id),
    expected: 'any',
    events: [signpostEvent(signpostId, { stream, from: revision })],
  };
}

function signpostEvent(id: string, signpost: Signpost): StoredEvent {
  return { id, type: SIGNPOST_TYPE, data: JSON.stringify(signpost), metadata: '{}' };
}

/** There nothing is to be seen. */
export function notUnderTombstone(error: unknown): undefined {
  if (!(error instanceof StreamDeleted)) throw error;
}
