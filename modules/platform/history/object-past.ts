import { Inject, Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { ObjectRef, ObjectState } from '#kernel/object-type';
import { Identifier, Id, Integer, JsonRecord, ListOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { Moment } from '#platform/dispatch/moment';
import { type AnyObjectType, ObjectRegistry } from '#platform/dispatch/object-registry';
import { Objects } from '#platform/dispatch/objects';
import { type PastObject, PastObjects, type Walk } from '#platform/dispatch/past-objects';
import { Unsealing } from '#platform/erasure/unsealing';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { streamName } from '#platform/event-store/stream-name';
import { ObjectAbsent, ObjectNotFound, ObjectTypeNotFound, RevisionNotReached } from './history.errors.js';

/** An object as it is or was, and the last event that is in its state. */
export class ObjectAnswer {
  @Identifier() type: string;
  @Id() id: string;
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
  @Timestamp() recordedAt: string;
  @Timestamp() occurredAt: string;
  @JsonRecord() state: JsonObject;

  /** JSON pointers to what was erased of it, and is null. */
  @Optional(ListOf(Text(), { max: 10_000 })) $erased?: readonly string[];
}

/** Objects of every type at any moment: now, at a revision, at a time. */
@Injectable()
export class ObjectPast {
  constructor(
    private readonly registry: ObjectRegistry,
    private readonly objects: Objects,
    private readonly past: PastObjects,
    private readonly unsealing: Unsealing,
    @Inject(EVENT_STORE) private readonly events: EventStore,
  ) {}

  /**
   * The object at the moment. Rejects with ObjectTypeNotFound, ObjectNotFound, RevisionNotReached, and with ObjectAbsent where it did
   * not exist then.
   */
  async get(tenant: string, ref: ObjectRef, moment: Moment): Promise<ObjectAnswer> {
    const { state, last } = await this.at(tenant, ref, moment);
    if (!last) throw await this.notYet(tenant, ref, moment);
    if (moment.revision !== undefined) await this.checkReached(tenant, ref, moment.revision, last.revision);
    if (state.status === 'absent') throw ObjectAbsent.deleted(ref, last.revision, last.recordedAt);
    const { revision, position, recordedAt, occurredAt } = last;
    const { type, id } = ref;
    const answer = { type, id, revision, position, recordedAt, occurredAt, state: jsonOf(state) };
    return this.unsealing.answer(tenant, answer);
  }

  /** The same without judging what is found. Rejects with ObjectTypeNotFound. */
  async at(tenant: string, ref: ObjectRef, moment: Moment): Promise<PastObject> {
    this.typeOf(ref);
    if (moment.revision !== undefined || moment.at !== undefined) return this.objects.at(tenant, ref, moment);
    const { state, revision } = await this.objects.load(tenant, ref);
    if (revision < 0) throw new ObjectNotFound(ref);
    const { event } = await this.#edge(tenant, ref, 'backwards', revision);
    return { state, last: event && { ...event, occurredAt: event.metadata?.occurredAt ?? event.recordedAt } };
  }

  /** The object's type, and its events from the last stage that lies before all of these moments. Rejects with ObjectTypeNotFound. */
  async walk(tenant: string, ref: ObjectRef, moments: readonly Moment[]): Promise<Walk & { type: AnyObjectType }> {
    const type = this.typeOf(ref);
    return { type, ...(await this.past.walk(streamName(tenant, ref), type, moments)) };
  }

  /** Rejects with RevisionNotReached, and with ObjectNotFound where there is no event at all. `seen` was reached for certain. */
  async checkReached(tenant: string, ref: ObjectRef, revision: number, seen = -1): Promise<void> {
    if (seen >= revision) return;
    const { lastRevision } = await this.#edge(tenant, ref, 'backwards');
    if (lastRevision < revision) throw new RevisionNotReached(ref, revision, lastRevision);
  }

  /** Throws ObjectTypeNotFound. */
  typeOf({ type }: ObjectRef): AnyObjectType {
    const known = this.registry.typeNamed(type);
    if (!known) throw new ObjectTypeNotFound(type);
    return known;
  }

  /** The object's last event up to a revision. Rejects with ObjectNotFound, RevisionNotReached. */
  async lastEvent(tenant: string, ref: ObjectRef, revision?: number): Promise<Recorded> {
    if (revision !== undefined) await this.checkReached(tenant, ref, revision);
    const { event } = await this.#edge(tenant, ref, 'backwards', revision);
    if (!event) throw new ObjectNotFound(ref);
    return event;
  }

  /** Why there is nothing at the moment. */
  async notYet(tenant: string, ref: ObjectRef, { revision, clock = 'recorded' }: Moment): Promise<Error> {
    const { event, lastRevision } = await this.#edge(tenant, ref, 'forwards');
    if (revision !== undefined && lastRevision < revision) return new RevisionNotReached(ref, revision, lastRevision);
    if (!event) return ObjectAbsent.hidden(ref);
    const time = clock === 'occurred' ? (event.metadata?.occurredAt ?? event.recordedAt) : event.recordedAt;
    return ObjectAbsent.notYet(ref, { revision: event.revision, time });
  }

  /** The first or the last event that can be seen. Rejects with ObjectNotFound. */
  async #edge(tenant: string, ref: ObjectRef, direction: 'forwards' | 'backwards', from?: number) {
    const { events, lastRevision } = await this.events.read(streamName(tenant, ref), { from, direction, limit: 1 });
    if (lastRevision < 0) throw new ObjectNotFound(ref);
    return { event: events[0], lastRevision };
  }
}

/** The state as JSON has it, without members that are undefined. */
export function jsonOf(state: ObjectState): JsonObject {
  return JSON.parse(JSON.stringify(state)) as JsonObject;
}
