import { Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import type { Json } from '#kernel/json';
import type { ObjectRef } from '#kernel/object-type';
import { Flag, Id, Identifier, Integer, JsonValue, ListOf, Nested, Optional, Text } from '#platform/commands/fields';
import { isIn, type Moment } from '#platform/dispatch/moment';
import { PastObjects } from '#platform/dispatch/past-objects';
import { streamName } from '#platform/event-store/stream-name';
import { Unsealing } from '#platform/erasure/unsealing';
import { Attribution } from './attribution.js';
import { EventReference, referenceOf } from './history-entry.js';
import { jsonOf, ObjectPast } from './object-past.js';

/** Most fields of one answer. */
const MOST_FIELDS = 10_000;

/** A field of a state that has no fields itself, and whose doing it is. */
export class BlamedField {
  /** JSON pointer into the state. */
  @Text({ min: 0, max: 100_000 }) pointer: string;
  @Optional(JsonValue()) value: Json;
  /** The event that last set it; not there where it was so from the beginning. */
  @Optional(Nested(EventReference)) event?: EventReference;
}

/** Which event last set each field of an object's state. */
export class ObjectBlame {
  @Identifier() type: string;
  @Id() id: string;
  @Integer({ min: 0 }) revision: number;
  @ListOf(Nested(BlamedField), { max: MOST_FIELDS }) fields: BlamedField[];
  /** There where the state has more fields than one answer: ask for those below a pointer. */
  @Optional(Flag()) truncated?: boolean;

  /** JSON pointers to what was erased of the state, and is null. */
  @Optional(ListOf(Text(), { max: 10_000 })) $erased?: readonly string[];
}

/** Whose doing the states of objects are. All events of the object are read: that is as long as it takes. */
@Injectable()
export class Blame {
  constructor(
    private readonly objects: ObjectPast,
    private readonly past: PastObjects,
    private readonly unsealing: Unsealing,
  ) {}

  /**
   * The fields at the moment, those below a pointer only. Rejects with ObjectTypeNotFound, ObjectNotFound, RevisionNotReached, and
   * with ObjectAbsent where the object had no events then.
   */
  async of(tenant: string, ref: ObjectRef, moment: Moment, below = ''): Promise<ObjectBlame> {
    const type = this.objects.typeOf(ref);
    const attribution = new Attribution();
    let state = type.initial;
    let last: Recorded | undefined;
    for await (const events of this.past.events(streamName(tenant, ref), moment)) {
      for (const event of events) {
        if (!isIn(event, moment)) continue;
        const next = type.evolve(state, event);
        attribution.advance(state, next, event);
        [state, last] = [next, event];
      }
    }
    if (!last) throw await this.objects.notYet(tenant, ref, moment);
    if (moment.revision !== undefined) {
      await this.objects.checkReached(tenant, ref, moment.revision, last.revision);
    }
    const { value, erased } = await this.unsealing.unseal(tenant, jsonOf(state));
    const blamed = { type: ref.type, id: ref.id, revision: last.revision, ...fieldsOf(attribution, value, below) };
    return erased.length > 0 ? { ...blamed, $erased: erased } : blamed;
  }
}

function fieldsOf(attribution: Attribution, state: object, below: string) {
  const fields: BlamedField[] = [];
  for (const { pointer, value, event } of attribution.leaves(state, below)) {
    if (fields.length === MOST_FIELDS) return { fields, truncated: true };
    fields.push({ pointer, value: value as Json, event: event && referenceOf(event) });
  }
  return { fields };
}
