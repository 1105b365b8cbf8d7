import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { specification } from '#kernel/specification';
import { MAX_RELATIONS, MAX_THING_SIZE, thing, type Thing } from './thing.js';
import {
  ActOnThing,
  CreateThing,
  DeleteThing,
  RelateThing,
  ReplaceThing,
  RestoreThing,
  SoftDeleteThing,
  UnrelateThing,
  UpdateThing,
} from './thing.commands.js';
import {
  InvalidThing,
  RelatedThingNotFound,
  ReservedNoun,
  ReservedVerb,
  ThingExists,
  ThingNotFound,
  ThingSoftDeleted,
  ThingTooLarge,
  TooManyRelations,
} from './thing.errors.js';
import type { ThingEvent } from './thing.events.js';

const noun = 'Customer';
const id = 'ada';
const object = { type: noun, id };
const now = new Date('2026-03-01T10:00:00Z');
const order = { noun: 'Order', id: 'o-1' };

const someone: Thing = { status: 'present', data: {}, createdAt: 0, updatedAt: 0, relations: {} };
const anything = { noun: { status: 'absent' } } as const;
const given = specification(thing, { now, object, needs: anything });

const created: ThingEvent = { type: 'Customer.created', data: { data: { name: 'Ada', city: 'London' } } };
const softDeleted: ThingEvent = { type: 'Customer.softDeleted', data: {} };
const placed: ThingEvent = { type: 'Customer.related', data: { relationship: 'placed', to: order } };

describe('a thing is created', () => {
  it('with free data', () => {
    given()
      .when(CreateThing.of({ noun, id, data: { name: 'Ada', city: 'London' } }))
      .then(created);
  });
  it('only once', () => {
    given(created)
      .when(CreateThing.of({ noun, id, data: {} }))
      .thenFails(ThingExists);
    given(created, softDeleted)
      .when(CreateThing.of({ noun, id, data: {} }))
      .thenFails(ThingExists);
  });
  it('anew after it was deleted, without what it was before', () => {
    const again: ThingEvent = { type: 'Customer.created', data: { data: { name: 'Eve' } } };
    const history = given(created, placed, { type: 'Customer.deleted', data: {} });
    history.when(CreateThing.of({ noun, id, data: { name: 'Eve' } })).then(again);
    expect(given(created, placed, { type: 'Customer.deleted', data: {} }, again).state).toMatchObject({
      data: { name: 'Eve' },
      relations: {},
    });
  });
  it('not under a name that is Perdure’s own', () => {
    specification(thing, { object: { type: 'task', id }, needs: anything })()
      .when(CreateThing.of({ noun: 'task', id, data: {} }))
      .thenFails(ReservedNoun);
    given()
      .when(CreateThing.of({ noun, id, data: { $id: 'x', $note: 1 } }))
      .thenFails(InvalidThing);
  });
});

describe('a verb acts on a thing', () => {
  const signup = ActOnThing.of({ noun, id, verb: 'signup', data: { plan: 'pro' } });
  it('and becomes its event', () => {
    given(created)
      .when(signup)
      .then({ type: 'Customer.signup', data: { data: { plan: 'pro' }, set: undefined } });
  });
  it('and may change it', () => {
    const moved: ThingEvent = { type: 'Customer.moved', data: { set: { city: 'Paris' } } };
    expect(given(created, moved).state).toMatchObject({ data: { name: 'Ada', city: 'Paris' } });
  });
  it('that must be there, unless it may begin so', () => {
    given().when(signup).thenFails(ThingNotFound);
    given()
      .when(ActOnThing.of({ ...signup, create: true, set: { name: 'Ada' } }))
      .then({ type: 'Customer.signup', data: { data: { plan: 'pro' }, set: { name: 'Ada' } } });
    expect(given({ type: 'Customer.signup', data: { set: { name: 'Ada' } } }).state).toMatchObject({
      status: 'present',
      data: { name: 'Ada' },
      createdAt: now.getTime(),
    });
  });
  it('but not by a verb of Perdure’s own', () => {
    given(created)
      .when(ActOnThing.of({ noun, id, verb: 'deleted' }))
      .thenFails(ReservedVerb);
  });
  it('but not while it is soft-deleted', () => {
    given(created, softDeleted).when(signup).thenFails(ThingSoftDeleted);
  });
});

describe('a thing is changed', () => {
  it('by a merge patch', () => {
    const patch = { city: null, address: { street: 'Main' } };
    given(created).when(UpdateThing.of({ noun, id, patch })).then({ type: 'Customer.updated', data: { patch } });
    expect(given(created, { type: 'Customer.updated', data: { patch } }).state).toMatchObject({
      data: { name: 'Ada', address: { street: 'Main' } },
    });
  });
  it('as a whole', () => {
    given(created)
      .when(ReplaceThing.of({ noun, id, data: { name: 'Eve' } }))
      .then({ type: 'Customer.replaced', data: { data: { name: 'Eve' } } });
  });
  it('not at all where nothing would change', () => {
    given(created)
      .when(UpdateThing.of({ noun, id, patch: { name: 'Ada', gone: null } }))
      .thenNothing();
    given(created)
      .when(ReplaceThing.of({ noun, id, data: { city: 'London', name: 'Ada' } }))
      .thenNothing();
  });
  it('up to a size', () => {
    const half = { text: 'x'.repeat(MAX_THING_SIZE / 2) };
    given(created, { type: 'Customer.updated', data: { patch: { first: half } } })
      .when(UpdateThing.of({ noun, id, patch: { second: half } }))
      .thenFails(ThingTooLarge);
  });
  it('only where it is there', () => {
    given()
      .when(UpdateThing.of({ noun, id, patch: {} }))
      .thenFails(ThingNotFound);
    given(created, softDeleted)
      .when(ReplaceThing.of({ noun, id, data: {} }))
      .thenFails(ThingSoftDeleted);
  });
});

describe('a thing is deleted', () => {
  it('softly, and restored', () => {
    given(created).when(SoftDeleteThing.of({ noun, id })).then(softDeleted);
    given(created, softDeleted).when(SoftDeleteThing.of({ noun, id })).thenNothing();
    given(created, softDeleted).when(RestoreThing.of({ noun, id })).then({ type: 'Customer.restored', data: {} });
    given(created).when(RestoreThing.of({ noun, id })).thenNothing();
    expect(given(created, softDeleted).state).toMatchObject({ deletedAt: now.getTime() });
    expect(given(created, softDeleted, { type: 'Customer.restored', data: {} }).state).toMatchObject({
      status: 'present',
      deletedAt: undefined,
    });
  });
  it('for good, its relations first', () => {
    given(created, placed)
      .when(DeleteThing.of({ noun, id }))
      .then(
        { type: 'Customer.unrelated', data: { relationship: 'placed', to: order } },
        { type: 'Customer.deleted', data: {} },
      );
    given().when(DeleteThing.of({ noun, id })).thenFails(ThingNotFound);
  });
});

describe('a thing is related to another', () => {
  const relate = RelateThing.of({ noun, id, relationship: 'placed', toNoun: 'Order', toId: 'o-1' });
  const withTarget = (target: Thing) => specification(thing, { object, needs: { ...anything, target } });
  it('that is there', () => {
    withTarget(someone)(created)
      .when(relate)
      .then({ type: 'Customer.related', data: { relationship: 'placed', to: order, data: undefined } });
    withTarget({ status: 'absent' })(created).when(relate).thenFails(RelatedThingNotFound);
  });
  it('up to a number', () => {
    const many = Array.from({ length: MAX_RELATIONS }, (_, n): ThingEvent => {
      return { type: 'Customer.related', data: { relationship: 'placed', to: { noun: 'Order', id: `o${n}` } } };
    });
    withTarget(someone)(created, ...many.slice(1))
      .when(relate)
      .then({ type: 'Customer.related', data: { relationship: 'placed', to: order, data: undefined } });
    withTarget(someone)(created, ...many)
      .when(relate)
      .thenFails(TooManyRelations);
  });
  it('once, and not any more', () => {
    withTarget(someone)(created, placed).when(relate).thenNothing();
    const unrelate = UnrelateThing.of({ noun, id, relationship: 'placed', toNoun: 'Order', toId: 'o-1' });
    given(created, placed)
      .when(unrelate)
      .then({ type: 'Customer.unrelated', data: { relationship: 'placed', to: order } });
    given(created).when(unrelate).thenNothing();
  });
});

describe('where the noun has a schema', () => {
  const schema = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, plan: { enum: ['free', 'pro'] }, code: { pattern: '^(a+)+$' } },
    additionalProperties: false,
  };
  const strict = specification(thing, { object, needs: { noun: { status: 'defined', schema } } });
  const person: ThingEvent = { type: 'Customer.created', data: { data: { name: 'Ada' } } };

  it('data that breaks it is refused, with pointers', () => {
    const attempt = () =>
      strict()
        .when(CreateThing.of({ noun, id, data: { plan: 'gold', nme: 'Ada' } }))
        .then();
    expect(attempt).toThrow(
      expect.objectContaining({
        violations: expect.arrayContaining([
          { pointer: '', detail: "must have required property 'name'" },
          { pointer: '', detail: "must NOT have additional properties: 'nme'" },
          { pointer: '/plan', detail: 'must be equal to one of the allowed values: ["free","pro"]' },
        ]),
      }),
    );
  });
  it('a change must leave data that fits it', () => {
    strict(person)
      .when(UpdateThing.of({ noun, id, patch: { name: null } }))
      .thenFails(InvalidThing);
    strict(person)
      .when(ActOnThing.of({ noun, id, verb: 'upgraded', set: { plan: 'gold' } }))
      .thenFails(InvalidThing);
  });
  it.each<[string, JsonObject, JsonObject]>([
    [
      'comes back to where it is',
      { properties: { in: { $ref: '#/$defs/a' } }, $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } },
      { in: 1 },
    ],
    ['asks twice at each level', { properties: { in: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }, nested(30)],
    [
      'compares each with each',
      { properties: { in: { uniqueItems: true } } },
      { in: Array.from({ length: 50_000 }, (_, i) => ({ i })) },
    ],
  ])('a schema that %s cannot hold the process up', (_, schema, data) => {
    const hopeless = specification(thing, { object, needs: { noun: { status: 'defined', schema } } });
    hopeless().when(CreateThing.of({ noun, id, data })).thenFails(InvalidThing);
  });
  it('a pattern cannot hold the process up', () => {
    strict(person)
      .when(UpdateThing.of({ noun, id, patch: { code: `${'a'.repeat(5_000)}!` } }))
      .thenFails(InvalidThing);
  });
});

function nested(levels: number): JsonObject {
  return levels === 0 ? {} : { in: nested(levels - 1) };
}
