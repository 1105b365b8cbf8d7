import { describe, expect, it } from '@jest/globals';
import type { DomainEvent, Recorded } from '#kernel/event';
import { upcaster } from '#kernel/upcaster';
import { Upcasters } from './upcasters.js';

const stored = (type: string, schemaVersion: number | undefined, data: object): Recorded => ({
  id: 'e1',
  type,
  data,
  stream: 'main.task-a',
  revision: 3,
  position: '7',
  recordedAt: '2026-01-01T00:00:00.000Z',
  metadata: { schemaVersion } as Recorded['metadata'],
});

const read = (upcasters: Upcasters, ...events: Recorded[]): [string, number, object][] =>
  upcasters.lift(events).map(({ type, metadata, data }) => [type, metadata.schemaVersion, data]);

const renamed = upcaster<{ name: string }>('task.opened@1', ['task.created@1'], ({ data }) => [
  { type: 'task.created', data: { title: data.name } },
]);
const changed = upcaster<{ title: string }>('task.created@1', ['task.created@2'], ({ data }) => [
  { type: 'task.created', data: { title: data.title, priority: 3 } },
]);
const split = upcaster<{ by: string; at: string }>(
  'task.handled@1',
  ['task.assigned@1', 'task.dated@2'],
  ({ data }): DomainEvent[] => [
    { type: 'task.assigned', data: { to: data.by } },
    { type: 'task.dated', data: { due: data.at } },
  ],
);
const dropped = upcaster('task.looked-at@1', [], () => []);

describe('upcasters', () => {
  it('leave an event of the current shape as it is', () => {
    const events = [stored('task.completed', 1, {}), stored('task.created', 2, { title: 'Mow' })];
    expect(new Upcasters([renamed, changed]).lift(events)).toBe(events);
  });

  it('rename, change, split and drop', () => {
    const upcasters = new Upcasters([changed, split, dropped]);
    expect(read(upcasters, stored('task.created', 1, { title: 'Mow' }))).toEqual([
      ['task.created', 2, { title: 'Mow', priority: 3 }],
    ]);
    expect(read(upcasters, stored('task.handled', 1, { by: 'ann', at: 'noon' }))).toEqual([
      ['task.assigned', 1, { to: 'ann' }],
      ['task.dated', 2, { due: 'noon' }],
    ]);
    expect(read(upcasters, stored('task.looked-at', 1, {}))).toEqual([]);
  });

  it('are chained by version, over names', () => {
    expect(read(new Upcasters([changed, renamed]), stored('task.opened', 1, { name: 'Mow' }))).toEqual([
      ['task.created', 2, { title: 'Mow', priority: 3 }],
    ]);
  });

  it('keep id, place, time and the rest of the metadata', () => {
    const event = stored('task.handled', 1, { by: 'ann', at: 'noon' });
    const { id, stream, revision, position, recordedAt } = event;
    for (const part of new Upcasters([split]).lift([event]))
      expect(part).toMatchObject({ id, stream, revision, position, recordedAt });
  });

  it('give the parts of an event in the order of reading', () => {
    const events = [stored('task.handled', 1, { by: 'ann', at: 'noon' })];
    expect(new Upcasters([split]).lift(events, 'backwards').map(({ type }) => type)).toEqual([
      'task.dated',
      'task.assigned',
    ]);
  });

  it('take events without a version as the first one, and leave bytes alone', () => {
    const upcasters = new Upcasters([renamed]);
    expect(read(upcasters, stored('task.opened', undefined, { name: 'Mow' }))).toEqual([
      ['task.created', 1, { title: 'Mow' }],
    ]);
    const bytes = [stored('task.opened', undefined, Uint8Array.of(1))];
    expect(upcasters.lift(bytes)).toBe(bytes);
  });

  it('tell the version of new events', () => {
    const upcasters = new Upcasters([renamed, changed, split, dropped]);
    const versions = ['task.opened', 'task.created', 'task.dated', 'task.looked-at', 'task.completed'];
    expect(versions.map((type) => upcasters.currentVersion(type))).toEqual([2, 2, 2, 2, 1]);
  });

  it('find what may become the events that are asked for', () => {
    const upcasters = new Upcasters([renamed, changed, split]);
    expect(upcasters.storedFilter({ types: ['task.created'] }).types?.toSorted()).toEqual([
      'task.created',
      'task.opened',
    ]);
    expect(upcasters.storedFilter({ types: ['task.dated'] }).types?.toSorted()).toEqual(['task.dated', 'task.handled']);
    expect(upcasters.storedFilter({ streamPrefixes: ['main.'] })).toEqual({ streamPrefixes: ['main.'] });
  });

  it('let an event that one throws on keep its place, and tell who reads its content', () => {
    const fails = upcaster<{ a: { b: 1 } }>('task.opened@1', ['task.created@1'], ({ data }) => [
      { type: 'task.created', data: { b: data.a.b } },
    ]);
    const [event] = new Upcasters([fails]).lift([stored('task.opened', 1, {})]);
    expect(event).toMatchObject({ id: 'e1', revision: 3 });
    expect(() => event!.data).toThrow(/upcaster of 'task.opened@1' fails on event e1 \(revision 3 of 'main.task-a'\)/);
  });

  it('must name all that they make', () => {
    const liar = upcaster('task.opened@1', ['task.created@1'], () => [{ type: 'task.closed', data: {} }]);
    const [event] = new Upcasters([liar]).lift([stored('task.opened', 1, {})]);
    expect(() => event!.data).toThrow(/'task.closed', which its list of results does not name/);
  });

  it.each([
    ['two for one shape', [renamed, renamed], /Two upcasters lift 'task.opened@1'/],
    ['an earlier version', [upcaster('a.b@2', ['a.b@1'], () => [])], /makes 'a.b@1': lift into a later version/],
    ['a shape without a version', [upcaster('a.b@0', [], () => [])], /'a.b@0' in an upcaster names no version/],
    [
      'a circle',
      [upcaster('a.b@1', ['c.d@1'], () => []), upcaster('c.d@1', ['a.b@1'], () => [])],
      /circles: a.b@1 > c.d@1 > a.b@1/,
    ],
  ])('stop the start with %s', (_, list, message) => {
    expect(() => new Upcasters(list)).toThrow(message);
  });
});
