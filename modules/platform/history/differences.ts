import { Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import type { Json } from '#kernel/json';
import type { ObjectRef, ObjectState } from '#kernel/object-type';
import {
  Id,
  Identifier,
  Integer,
  JsonRecord,
  JsonValue,
  ListOf,
  Nested,
  OneOf,
  Optional,
  Text,
} from '#platform/commands/fields';
import { pointerTo } from '#platform/commands/json-fields';
import { isIn, type Moment } from '#platform/dispatch/moment';
import type { Stage } from '#platform/dispatch/past-objects';
import { Unsealing } from '#platform/erasure/unsealing';
import { Attribution } from './attribution.js';
import { changesOf, patchOf } from './changes.js';
import { EventReference, referenceOf } from './history-entry.js';
import { jsonOf, ObjectPast } from './object-past.js';

/** A field that differs, and whose doing that is. */
export class ChangedField {
  /** JSON pointer into the state; elements of arrays are compared at the same place. */
  @Text({ min: 0, max: 100_000 }) pointer: string;
  @OneOf(['added', 'removed', 'replaced']) kind: 'added' | 'removed' | 'replaced';
  @Optional(JsonValue()) before?: Json;
  @Optional(JsonValue()) after?: Json;
  /** The last event between the two moments that changed it, or something in it. */
  @Optional(Nested(EventReference)) event?: EventReference;
}

/** How the states of an object at two moments differ. */
export class ObjectDiff {
  @Identifier() type: string;
  @Id() id: string;
  /** Of the last events in the two states; -1 before the first one. */
  @Integer({ min: -1 }) fromRevision: number;
  @Integer({ min: -1 }) toRevision: number;
  /** RFC 6902: what makes the second state of the first. */
  @ListOf(JsonRecord(), { max: 1_000_000 }) patch: object[];
  @ListOf(Nested(ChangedField), { max: 1_000_000 }) fields: ChangedField[];

  /** JSON pointers to what was erased of one of the states, and is null. */
  @Optional(ListOf(Text(), { max: 10_000 })) $erased?: readonly string[];
}

/** What changed in objects between two moments, and by which events. */
@Injectable()
export class Differences {
  constructor(
    private readonly past: ObjectPast,
    private readonly unsealing: Unsealing,
  ) {}

  /**
   * From one moment to another, earlier or later. A moment before the first event has the state that the object had then: none.
   * Rejects with ObjectTypeNotFound, ObjectNotFound, RevisionNotReached.
   */
  async between(tenant: string, ref: ObjectRef, from: Moment, to: Moment): Promise<ObjectDiff> {
    const { type, stage, rest } = await this.past.walk(tenant, ref, [from, to]);
    const [before, after] = [new Side(from, stage), new Side(to, stage)];
    for await (const events of rest) {
      for (const event of events) {
        const [inBefore, inAfter] = [isIn(event, before.moment), isIn(event, after.moment)];
        const shared = inBefore && inAfter && before.state === after.state && type.evolve(before.state, event);
        if (inBefore) before.take(event, shared || type.evolve(before.state, event), !inAfter);
        if (inAfter) after.take(event, shared || type.evolve(after.state, event), !inBefore);
      }
    }
    await this.#checkReached(tenant, ref, before, after);
    // A value that is sealed anew is another token, and may be the same value.
    const [first, second] = await Promise.all(
      [before, after].map(({ state }) => this.unsealing.unseal(tenant, jsonOf(state))),
    );
    const erased = [...new Set([...first!.erased, ...second!.erased])];
    return {
      type: ref.type,
      id: ref.id,
      fromRevision: before.revision,
      toRevision: after.revision,
      patch: patchOf(first!.value, second!.value),
      fields: [...changesOf(first!.value, second!.value)].map(({ path, ...change }): ChangedField => {
        const event = after.changes.at(path) ?? before.changes.at(path);
        const pointer = path.reduce<string>(pointerTo, '');
        return { pointer, ...change, event: event && referenceOf(event) };
      }),
      ...(erased.length > 0 && { $erased: erased }),
    };
  }

  async #checkReached(tenant: string, ref: ObjectRef, ...sides: readonly Side[]): Promise<void> {
    for (const { moment, revision } of sides) {
      if (moment.revision !== undefined) await this.past.checkReached(tenant, ref, moment.revision, revision);
    }
    // Without a revision nobody has looked whether there is such an object.
    if (sides.every(({ revision }) => revision < 0)) await this.past.lastEvent(tenant, ref);
  }
}

/** One of the two moments: the state then, and what only it has of the events. */
class Side {
  readonly changes = new Attribution(true);
  state: ObjectState;
  revision: number;

  constructor(
    readonly moment: Moment,
    { state, last }: Stage,
  ) {
    this.state = state;
    this.revision = last?.revision ?? -1;
  }

  take(event: Recorded, state: ObjectState, isItsOwn: boolean): void {
    if (isItsOwn) this.changes.advance(this.state, state, event);
    this.state = state;
    this.revision = event.revision;
  }
}
