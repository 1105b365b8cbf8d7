import { describe, expect, it } from '@jest/globals';
import { projected } from '#kernel/projection-specification';
import { nounsProjection } from './nouns.projection.js';
import { relationshipsProjection } from './relationships.projection.js';
import { thingsProjection } from './things.projection.js';

const stream = 'main.Customer-ada';
const at = (day: number) => ({ stream, metadata: { occurredAt: `2026-01-0${day}T00:00:00.000Z` } });
const time = (day: number) => Date.parse(`2026-01-0${day}T00:00:00.000Z`);

const created = { type: 'Customer.created', data: { data: { name: 'Ada' } }, ...at(1) } as const;
const moved = { type: 'Customer.moved', data: { data: { by: 'train' }, set: { city: 'Paris' } }, ...at(2) } as const;
const related = {
  type: 'Customer.related',
  data: { relationship: 'placed', to: { noun: 'Order', id: 'o-1' } },
  ...at(3),
} as const;
const softDeleted = { type: 'Customer.softDeleted', data: {}, ...at(4) } as const;

describe('the things read model', () => {
  const documents = projected(thingsProjection);

  it('shows a thing as its events left it', () => {
    expect(documents(created, moved)).toEqual({
      [stream]: {
        category: 'main.Customer',
        noun: 'Customer',
        thingId: 'ada',
        revision: 1,
        createdAt: time(1),
        updatedAt: time(2),
        deletedAt: null,
        data: { name: 'Ada', city: 'Paris' },
      },
    });
  });
  it('follows updates, replacements and verbs alone', () => {
    const data = (...events: Parameters<typeof documents>) => documents(...events)[stream]?.data;
    expect(data(created, { type: 'Customer.updated', data: { patch: { name: null, age: 7 } }, stream })).toEqual({
      age: 7,
    });
    expect(data(created, { type: 'Customer.replaced', data: { data: { a: 1 } }, stream })).toEqual({ a: 1 });
    expect(data(moved)).toEqual({ city: 'Paris' });
    expect(data(created, related)).toEqual({ name: 'Ada' });
  });
  it('marks soft deletion and forgets it when restored', () => {
    expect(documents(created, softDeleted)[stream]?.deletedAt).toBe(time(4));
    expect(
      documents(created, softDeleted, { type: 'Customer.restored', data: {}, stream })[stream]?.deletedAt,
    ).toBeNull();
  });
  it('drops what is deleted', () => {
    expect(documents(created, { type: 'Customer.deleted', data: {}, stream })).toEqual({});
  });
  it('leaves objects of Perdure’s own aside', () => {
    expect(documents({ type: 'noun.defined', data: {}, stream: 'main.noun-Customer' })).toEqual({});
  });
});

describe('the relationships read model', () => {
  const documents = projected(relationshipsProjection);
  const key = 'main.Customer-ada placed main.Order-o-1';

  it('has a document for each relation, from the one to the other', () => {
    expect(documents(created, related, softDeleted)).toEqual({
      [key]: { relationship: 'placed', from: stream, to: 'main.Order-o-1', data: null, since: time(3) },
    });
  });
  it('drops it when it ends', () => {
    expect(documents(related, { ...related, type: 'Customer.unrelated' })).toEqual({});
  });
});

describe('the nouns read model', () => {
  const documents = projected(nounsProjection);
  const definition = { stream: 'main.noun-Customer' };
  const schema = { type: 'object' };

  it('knows a noun from its first thing', () => {
    expect(documents(created, moved)).toEqual({
      'main.Customer': { tenant: 'main', noun: 'Customer', description: null, schema: null, since: time(1) },
    });
  });
  it('knows what was agreed', () => {
    const defined = { type: 'noun.defined', data: { schema }, ...definition } as const;
    expect(documents(created, defined)['main.Customer']).toMatchObject({ schema, since: time(1) });
    expect(documents(defined, { type: 'noun.undefined', data: {}, ...definition })['main.Customer']).toMatchObject({
      schema: null,
    });
  });
});
