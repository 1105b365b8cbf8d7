import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { specification } from '#kernel/specification';
import type { Noun } from './noun.js';
import { personalOf } from './personal-data.js';
import { ActOnThing, ReplaceThing, UpdateThing } from './thing.commands.js';
import { InvalidThing } from './thing.errors.js';
import type { ThingEvent } from './thing.events.js';
import { thing, type Thing } from './thing.js';

const schema: JsonObject = {
  'x-subject': 'person',
  properties: {
    email: { type: 'string', 'x-personal': true },
    address: { type: 'object', 'x-personal': true },
    home: { type: 'object', properties: { street: { type: 'string', 'x-personal': true } } },
  },
};
const noun: Noun = { status: 'defined', schema };
const object = { type: 'Customer', id: 'a' };
const given = specification(thing, { object, needs: { noun } });
const target = { noun: 'Customer', id: 'a' };
const created = (data: JsonObject): ThingEvent => ({ type: 'Customer.created', data: { data } });

describe('a patch of personal data', () => {
  const before = created({ person: 'ada', address: { street: 'Elm', city: 'Ayr' }, home: { street: 'Elm', floor: 1 } });

  it('has personal objects whole, and others as they were given', () => {
    const patch = { address: { city: 'Bath', street: null }, home: { street: 'Oak' } };
    const whole = { address: { city: 'Bath' }, home: { street: 'Oak' } };
    given(before)
      .when(UpdateThing.of({ ...target, patch }))
      .then({ type: 'Customer.updated', data: { patch: whole } });
    given(before)
      .when(ActOnThing.of({ ...target, verb: 'moved', set: patch }))
      .then({ type: 'Customer.moved', data: { set: whole } });
  });

  it('may take all of it away', () => {
    given(before)
      .when(UpdateThing.of({ ...target, patch: { address: null } }))
      .then({ type: 'Customer.updated', data: { patch: { address: null } } });
  });

  it('and any other write may have null for it, which is what erasure leaves', () => {
    const data = { person: 'ada', email: null, address: null, home: { street: null } };
    given(before)
      .when(ReplaceThing.of({ ...target, data }))
      .then({ type: 'Customer.replaced', data: { data } });
    given(before)
      .when(ReplaceThing.of({ ...target, data: { ...data, home: null } }))
      .thenFails(InvalidThing);
  });
});

describe('the personal values of an event', () => {
  const state: Thing = { status: 'present', data: { person: 'ada' }, createdAt: 0, updatedAt: 0, relations: {} };
  const personal = (event: ThingEvent, of: Noun = noun, id = 'a') =>
    personalOf(event, { state, object: { ...object, id }, needs: { noun: of } });

  it('are those that it has, of the subject that it leads to', () => {
    expect(personal(created({ person: 'eve', email: 'e', home: { street: 's' } }))).toEqual([
      { subject: 'eve', fields: ['/data/email', '/data/home/street'] },
    ]);
    expect(personal({ type: 'Customer.updated', data: { patch: { email: 'e' } } })).toEqual([
      { subject: 'ada', fields: ['/patch/email'] },
    ]);
    expect(personal({ type: 'Customer.updated', data: { patch: { email: 'e', person: 'eve' } } })).toMatchObject([
      { subject: 'eve' },
    ]);
    expect(
      personal({ type: 'Customer.called', data: { data: { email: 'e' }, set: { home: { street: 's' } } } }),
    ).toEqual([{ subject: 'ada', fields: ['/set/home/street', '/data/email'] }]);
  });

  it('are none where nothing is marked, or nothing of it is there', () => {
    expect(personal(created({ plan: 'pro', email: null }))).toEqual([]);
    expect(personal(created({ email: 'e' }), { status: 'absent' })).toEqual([]);
    expect(personal({ type: 'Customer.deleted', data: {} })).toEqual([]);
  });

  it('belong to the thing itself where its noun names no field', () => {
    const own: Noun = { status: 'defined', schema: { ...schema, 'x-subject': undefined as never } };
    expect(personal(created({ email: 'e' }), own)).toEqual([{ subject: 'Customer-a', fields: ['/data/email'] }]);
    expect(() => personal(created({ email: 'e' }), own, 'a'.repeat(195))).toThrow(InvalidThing);
  });

  it('must say whose they are', () => {
    expect(() => personal(created({ email: 'e' }))).toThrow(InvalidThing);
    expect(() => personal(created({ email: 'e', person: 7 }))).toThrow(InvalidThing);
    expect(personal(created({ person: 7 }))).toEqual([]);
  });
});
