import { describe, expect, it } from '@jest/globals';
import type { EventOf } from './event.js';
import { projection } from './projection.js';
import { projected } from './projection-specification.js';

type LightEvent = EventOf<'light.switched', { on: boolean }> | EventOf<'light.removed', object>;

const lights = projection<{ on: boolean; switches: number }, LightEvent>({
  name: 'lights',
  version: 1,
  readModel: { name: 'lights', indexes: [] },
  filter: { streamPrefixes: ['main.light-'] },
  key: (event) => event.stream.slice('main.light-'.length),
  evolve(light, event) {
    if (event.type === 'light.removed') return null;
    return { on: event.data.on, switches: (light?.switches ?? 0) + 1 };
  },
});

const on: LightEvent = { type: 'light.switched', data: { on: true } };
const removed: LightEvent = { type: 'light.removed', data: {} };

describe('a projection specification', () => {
  const after = projected(lights);

  it('gives the documents by key', () => {
    const hall = { stream: 'main.light-hall' };
    const attic = { stream: 'main.light-attic' };
    expect(after({ ...on, ...hall }, { ...on, ...attic }, { ...on, ...hall })).toEqual({
      hall: { on: true, switches: 2 },
      attic: { on: true, switches: 1 },
    });
    expect(after({ ...on, ...hall }, { ...removed, ...hall })).toEqual({});
  });

  it('leaves out what the filter does', () => {
    expect(after({ ...on, stream: 'main.lamp-hall' })).toEqual({});
  });

  it('numbers the events of each stream and all of them', () => {
    const places = projected(
      projection<{ revision: number; position: string }, LightEvent>({
        ...lights,
        readModel: { name: 'places', indexes: [] },
        filter: undefined,
        evolve: (_, { revision, position }) => ({ revision, position }),
      }),
    );
    const hall = { stream: 'main.light-hall' };
    const expected = { hall: { revision: 1, position: '3' }, attic: { revision: 0, position: '2' } };
    expect(places({ ...on, ...hall }, { ...on, stream: 'main.light-attic' }, { ...on, ...hall })).toEqual(expected);
  });

  it('refuses a projection that changes a document in place', () => {
    const careless = projected({
      ...lights,
      evolve: (light) => Object.assign(light ?? { on: true, switches: 0 }, { on: false }),
    });
    expect(() => careless({ ...on, stream: 'main.light-hall' }, { ...on, stream: 'main.light-hall' })).toThrow(
      TypeError,
    );
  });
});
