import { describe, expect, it } from '@jest/globals';
import type { Projection } from '#kernel/projection';
import { checkProjections } from './check-projections.js';

const tasks: Projection<object> = {
  name: 'tasks',
  version: 1,
  readModel: { name: 'tasks', indexes: [] },
  key: (event) => event.stream,
  evolve: (document) => document,
};
const without = (...fields: (keyof Projection)[]): Projection<object> =>
  Object.fromEntries(Object.entries(tasks).filter(([field]) => !fields.includes(field as keyof Projection))) as never;

describe('the start', () => {
  it('accepts complete projections', () => {
    const users = { ...tasks, name: 'users', readModel: { name: 'users', indexes: [] } };
    expect(() => checkProjections([tasks, users])).not.toThrow();
  });

  it.each([
    ['a name', [without('name')], /number 1 has no usable name: add "name: /],
    ['a plain name', [{ ...tasks, name: 'all tasks' }], /'all tasks' has no usable name/],
    ['a version', [without('version')], /'tasks' has no version: add "version: 1"/],
    ['a positive version', [{ ...tasks, version: 0 }], /'tasks' has no version/],
    ['a whole version', [{ ...tasks, version: 1.5 }], /'tasks' has no version/],
    ['a read model', [without('readModel')], /'tasks' has no read model: add "readModel: /],
    ['a read model of its own', [tasks, { ...tasks, name: 'more' }], /'tasks' and 'more' both fill 'tasks'/],
    ['a name of its own', [tasks, tasks], /Two projections are called 'tasks'/],
    [
      'a free read model',
      [{ ...tasks, readModel: { name: 'parked_events', indexes: [] } }],
      /fills 'parked_events', which the platform keeps/,
    ],
  ])('wants %s', (_, projections, message) => {
    expect(() => checkProjections(projections)).toThrow(message);
  });

  it('names everything that is wrong at once', () => {
    expect(() => checkProjections([without('version', 'readModel')])).toThrow(/no version[^]*no read model/);
  });
});
