import { Inject, Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import type { ObjectRef } from '#kernel/object-type';
import { type Moment, NOW } from '#platform/dispatch/moment';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { entryOf } from './history-entry.js';
import { TraceNotFound } from './history.errors.js';
import { ObjectPast } from './object-past.js';
import { MOST_TRACED, type Trace, type TracedEvent, traceOf } from './trace.js';

/** Finds, in a read model, the first events of a correlation, at most so many, in the order in which they were recorded. */
export type FindCorrelated = (
  store: ReadStore,
  tenant: string,
  correlationId: string,
  limit: number,
) => Promise<readonly TracedEvent[]>;

export const FIND_CORRELATED = Symbol('FindCorrelated');

/** Most events of a single command. */
const MOST_OF_ONE = 1_000;

/** What led to what, over all objects. The index that it asks follows the events by moments. */
@Injectable()
export class Traces {
  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(FIND_CORRELATED) private readonly find: FindCorrelated,
    private readonly past: ObjectPast,
  ) {}

  /** Everything of one correlation. Rejects with TraceNotFound. */
  async of(tenant: string, correlationId: string): Promise<Trace> {
    const found = await this.#find(tenant, correlationId);
    if (found.length === 0) throw TraceNotFound.of(correlationId);
    return truncated(correlationId, found);
  }

  /**
   * The correlation that led to the object's last event, or to its last one up to the moment; with the events of that command also
   * where the index does not know them yet. Rejects with ObjectNotFound, ObjectAbsent, RevisionNotReached.
   */
  async ofObject(tenant: string, ref: ObjectRef, moment: Moment = NOW): Promise<Trace> {
    const revision = moment.at === undefined ? moment.revision : await this.#revisionAt(tenant, ref, moment);
    const last = await this.past.lastEvent(tenant, ref, revision);
    const { correlationId } = entryOf(last);
    const found = await this.#find(tenant, correlationId);
    const known = new Set(found.map(({ id }) => id));
    const own = (await this.#ofOneCommand(last)).map((event) => tracedOf(event, ref));
    return truncated(correlationId, [...found, ...own.filter(({ id }) => !known.has(id))]);
  }

  /** One more than is shown tells whether there are more. */
  #find(tenant: string, correlationId: string): Promise<readonly TracedEvent[]> {
    return this.find(this.store, tenant, correlationId, MOST_TRACED + 1);
  }

  async #revisionAt(tenant: string, ref: ObjectRef, moment: Moment): Promise<number> {
    const { last } = await this.past.at(tenant, ref, moment);
    if (!last) throw await this.past.notYet(tenant, ref, moment);
    return last.revision;
  }

  /** All events of the command that this one comes from: they follow one another. */
  async #ofOneCommand(last: Recorded): Promise<Recorded[]> {
    const { commandId } = entryOf(last);
    const isOfCommand = (event: Recorded) => entryOf(event).commandId === commandId;
    const { stream, revision } = last;
    const [before, after] = await Promise.all([
      this.events.read(stream, { from: revision, direction: 'backwards', limit: MOST_OF_ONE }),
      this.events.read(stream, { from: revision + 1, limit: MOST_OF_ONE }),
    ]);
    return [...runOf(before.events, isOfCommand).reverse(), ...runOf(after.events, isOfCommand)];
  }
}

function runOf(events: readonly Recorded[], belongs: (event: Recorded) => boolean): Recorded[] {
  const end = events.findIndex((event) => !belongs(event));
  return events.slice(0, end < 0 ? undefined : end);
}

function tracedOf(event: Recorded, object: ObjectRef): TracedEvent {
  const { data: _, schemaVersion: __, ...entry } = entryOf(event);
  return { ...entry, object };
}

function truncated(correlationId: string, found: readonly TracedEvent[]): Trace {
  const trace = traceOf(correlationId, found.slice(0, MOST_TRACED));
  return found.length > MOST_TRACED ? { ...trace, truncated: true } : trace;
}
