import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { isPersonalPath, personalFields } from './personal-schema.js';
import { InvalidSchema } from './thing.errors.js';
import { assertSchema } from './thing-schema.js';

const personal = { type: 'string', 'x-personal': true };
const fieldsOf = (schema: JsonObject) => personalFields(schema).fields;

describe('the personal fields of a schema', () => {
  it('are found wherever properties can be described', () => {
    const schema: JsonObject = {
      properties: {
        email: personal,
        'a/b': personal,
        plan: { type: 'string' },
        address: { properties: { street: personal } },
        phones: { items: { properties: { number: personal } } },
        people: { additionalProperties: { properties: { name: personal } } },
        home: { $ref: '#/$defs/place' },
      },
      allOf: [{ properties: { tax: personal } }],
      if: { properties: { plan: { const: 'pro' } } },
      then: { properties: { iban: personal } },
      $defs: { place: { properties: { city: { ...personal } } } },
    };
    expect(() => assertSchema(schema)).not.toThrow();
    expect([...fieldsOf(schema)].sort()).toEqual([
      ...[
        '/address/street',
        '/a~1b',
        '/email',
        '/home/city',
        '/iban',
        '/people/*/name',
        '/phones/*/number',
        '/tax',
      ].sort(),
    ]);
  });

  it('are none where nothing is marked', () => {
    expect(fieldsOf({ properties: { email: { 'x-personal': false } } })).toEqual([]);
    expect(personalFields(undefined).fields).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ['the whole thing', { 'x-personal': true }],
    ['what nothing refers to', { $defs: { a: { ...personal } } }],
    [
      'what refers to itself',
      { $ref: '#/$defs/a', $defs: { a: { properties: { b: { ...personal }, a: { $ref: '#/$defs/a' } } } } },
    ],
    ['the field that names the subject', { 'x-subject': 'email', properties: { email: { ...personal } } }],
    ['a field of each name', { 'x-subject': 'id', additionalProperties: { ...personal } }],
  ])('cannot be %s', (_, schema) => {
    expect(() => assertSchema(schema)).toThrow(InvalidSchema);
  });

  it('do not make the search endless', () => {
    const $defs: JsonObject = { d30: { properties: { a: { ...personal } } } };
    for (let i = 29; i >= 0; i--) {
      const next = { $ref: `#/$defs/d${i + 1}` };
      $defs[`d${i}`] = { properties: { a: next, b: next } };
    }
    expect(() => personalFields({ $ref: '#/$defs/d0', $defs })).toThrow(/too large/);
  });

  it('name the subject', () => {
    expect(personalFields({ 'x-subject': 'person', properties: { email: personal } }).subject).toBe('person');
    expect(() => personalFields({ 'x-subject': 1 })).toThrow(InvalidSchema);
  });
});

it('a path of a query meets a personal field above it, in it and through arrays', () => {
  const fields = personalFields({
    properties: {
      name: personal,
      address: { properties: { street: personal } },
      phones: { items: { properties: { number: personal } } },
      people: { additionalProperties: { properties: { email: personal } } },
    },
  });
  const meets = (path: string) => isPersonalPath(fields, path);
  for (const path of [
    'name',
    'name.first',
    'address',
    'address.street',
    'phones',
    'phones.number',
    'phones.3.number',
    'people',
    'people.ada',
    'people.ada.email',
  ])
    expect([path, meets(path)]).toEqual([path, true]);
  for (const path of ['names', 'address.city', 'phones.kind', 'phones.3.kind', 'people.ada.age', 'plan'])
    expect([path, meets(path)]).toEqual([path, false]);
});
