import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { comparePositions, type Position, type Recorded, START } from '#kernel/event';
import { InvalidInput } from '#kernel/errors';
import type { EventFilter } from '#kernel/projection';
import { StreamDeleted } from './event-store.errors.js';
import type { AllSlice, ReadAllOptions, ReadOptions, StreamSlice } from './event-store.port.js';
import type { EventStoreDbConnection } from './eventstoredb-connection.js';
import { exceptionOf } from './eventstoredb-errors.js';
import { recordedEvent } from './eventstoredb-event.js';
import type { HiddenPasts } from './eventstoredb-hidden.js';
import { isOwn } from './eventstoredb-own.js';
import { readAllRequest, readStreamRequest, serverFilter, type StreamRange } from './eventstoredb-requests.js';

const DEFAULT_LIMIT = 1_000;
/** So many events asked for are a part of a long reading. */
const MANY = 100;
/** Bytes at which a slice ends: few large events must not fill the memory. */
const SLICE_BYTES = 16 * 2 ** 20;

/** Events as the server gave them, our own bookkeeping among them. */
interface Page {
  readonly events: readonly Recorded[];
  /** Whether the server had no more. */
  readonly exhausted: boolean;
}

/** Asks the revision of a stream's last event where the events themselves do not say it; see `StreamProbe`. */
export type Probe = (stream: string) => Promise<number>;

/** What is read from the server. */
export class EventStoreDbReader {
  constructor(
    private readonly connection: EventStoreDbConnection,
    private readonly hidden: HiddenPasts,
    private readonly probe: Probe,
  ) {}

  async stream(
    name: string,
    { from, direction = 'forwards', limit = DEFAULT_LIMIT }: ReadOptions,
  ): Promise<StreamSlice> {
    const backwards = direction === 'backwards';
    for (let next = from; ;) {
      const page = await this.page(name, { from: next, backwards, count: limit });
      if (!page) return { status: 'missing', events: [], lastRevision: await this.#lastOfMissing(name) };
      const events = this.hidden.young(page.events.filter((event) => !isOwn(event)));
      const end = page.events.at(-1);
      if (events.length === 0 && end && !page.exhausted && !(backwards && end.revision === 0)) {
        next = end.revision + (backwards ? -1 : 1);
        continue;
      }
      const known = backwards ? next === undefined : page.exhausted;
      const last = known ? (backwards ? page.events[0] : end)?.revision : undefined;
      return { status: 'present', events, lastRevision: last ?? (await this.lastRevision(name)) };
    }
  }

  /** A part of a stream; undefined where there is none, or a soft-deleted one. */
  async page(stream: string, range: StreamRange): Promise<Page | undefined> {
    try {
      return await this.#page(readStreamRequest(stream, range), range.count, true);
    } catch (error) {
      if (error instanceof StreamMissing || exceptionOf(error) === 'stream-not-found') return undefined;
      if (exceptionOf(error) === 'stream-deleted') throw new StreamDeleted(stream.replace(/^\$\$/, ''));
      throw error;
    }
  }

  async lastRevision(stream: string): Promise<number> {
    const page = await this.page(stream, { backwards: true, count: 1 });
    return page?.events[0]?.revision ?? this.probe(stream);
  }

  /** Position of the last event; with `ordinary`, of the last that is not the system's. */
  async head({ ordinary = false } = {}): Promise<Position> {
    const filter = ordinary ? serverFilter({}, false) : undefined;
    const { events } = await this.#page(readAllRequest({ backwards: true, count: 1, filter }), 1);
    return events[0]?.position ?? START;
  }

  /** The next matching events. The server leaves out what cannot match, so that a sparse filter costs no transfer. */
  async all(options: ReadAllOptions): Promise<AllSlice> {
    const { filter = {}, direction = 'forwards', limit = DEFAULT_LIMIT, system = false } = options;
    const backwards = direction === 'backwards';
    const start = options.position === undefined ? undefined : checkPosition(options.position);
    if (backwards && start === START) return { events: [], position: START, end: true };
    const nothing = filter.types?.length === 0 || filter.streamPrefixes?.length === 0;
    // The end is asked for before the page that reaches it: what is appended meanwhile is looked at next time. A page of many
    // seldom reaches it, and then is read without asking.
    let head = nothing || (limit < MANY && !backwards) ? await this.head() : undefined;
    if (head !== undefined && nothing) {
      return backwards ? atStart([]) : { events: [], position: farther(start ?? START, head), end: true };
    }

    for (let from = start; ;) {
      // One more, as the server begins with the event at the position.
      const request = { from, backwards, count: limit + 1, filter: serverFilter(filter, system) };
      const page = await this.#page(readAllRequest(request), limit + 1);
      const isNew = ({ position }: Recorded): boolean => from === undefined || position !== from;
      const fresh = page.events.filter(isNew).slice(0, limit);
      const exhausted = page.exhausted && fresh.length === page.events.filter(isNew).length;
      if (exhausted && !backwards && head === undefined) {
        head = await this.head();
        const last = fresh.at(-1)?.position ?? from ?? START;
        if (comparePositions(last, head) < 0) continue;
      }
      const events = await this.#matching(fresh, options);
      const reached = fresh.at(-1)?.position ?? from ?? START;
      if (backwards && exhausted) return atStart(events);
      if (exhausted) return { events, position: farther(reached, head ?? reached), end: true };
      const end = !backwards && head !== undefined && comparePositions(reached, head) >= 0;
      if (events.length > 0 || end) return { events, position: reached, end };
      from = reached;
    }
  }

  /** Most missing streams never were: the server is asked only about those that may have been deleted. */
  async #lastOfMissing(stream: string): Promise<number> {
    return this.hidden.isOpen(stream) ? -1 : this.probe(stream);
  }

  async #matching(
    events: readonly Recorded[],
    { filter = {}, system = false, hidden = false }: ReadAllOptions,
  ): Promise<readonly Recorded[]> {
    const matching = events.filter((event) => matches(event, filter, system));
    return hidden ? matching : this.hidden.visible(matching, (stream) => this.lastRevision(stream));
  }

  async #page(request: ReadReq, count: number, limited = false): Promise<Page> {
    const events: Recorded[] = [];
    let bytes = 0;
    for await (const response of this.connection.read(request, { limited })) {
      if (response.hasStreamNotFound()) throw new StreamMissing();
      const message = response.getEvent()?.getEvent();
      if (!message) continue;
      events.push(recordedEvent(message));
      bytes += message.getData_asU8().length + message.getCustomMetadata_asU8().length;
      if (bytes > SLICE_BYTES) return { events, exhausted: false };
    }
    return { events, exhausted: events.length < count };
  }
}

class StreamMissing extends Error {}

/** Whether an event of the global order is to be shown, as far as the event itself says it. */
export function matches(event: Recorded, { types, streamPrefixes }: EventFilter, system: boolean): boolean {
  const { stream, type } = event;
  if (isOwn(event) || (!system && stream.startsWith('$'))) return false;
  return (!types || types.includes(type)) && (!streamPrefixes || streamPrefixes.some((one) => stream.startsWith(one)));
}

function atStart(events: readonly Recorded[]): AllSlice {
  return { events, position: START, end: true };
}

export function farther(a: Position, b: Position): Position {
  return comparePositions(a, b) < 0 ? b : a;
}

export function checkPosition(position: Position): Position {
  if (/^(0|[1-9]\d{0,18})$/.test(position)) return position;
  const detail = `'${position}' is not a position of this store. Hand positions back as they were given.`;
  throw new InvalidInput([{ pointer: '/position', detail }]);
}
