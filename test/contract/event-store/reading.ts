import { beforeEach, describe, expect, it } from '@jest/globals';
import { comparePositions, START } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { StreamDeleted } from '#platform/event-store/event-store.errors';
import type { ReadOptions } from '#platform/event-store/event-store.port';
import { event, events, numbers, STREAM, streamStates, type UnderTest } from './samples.js';

const slices: [string, ReadOptions, number[]][] = [
  ['forwards', {}, [0, 1, 2, 3, 4]],
  ['backwards', { direction: 'backwards' }, [4, 3, 2, 1, 0]],
  ['forwards from a revision', { from: 3 }, [3, 4]],
  ['backwards from a revision', { direction: 'backwards', from: 1 }, [1, 0]],
  ['forwards, limited', { limit: 2 }, [0, 1]],
  ['backwards, limited', { direction: 'backwards', limit: 2 }, [4, 3]],
  ['from the middle, limited', { from: 1, limit: 2 }, [1, 2]],
  ['from the last', { from: 4 }, [4]],
  ['forwards from beyond the end', { from: 5 }, []],
  ['backwards from beyond the end', { direction: 'backwards', from: 99, limit: 2 }, [4, 3]],
];

const filters: [string, EventFilter, string[]][] = [
  ['a stream prefix', { streamPrefixes: ['main.task-'] }, ['main.task-a', 'main.task-b', 'main.task-a']],
  ['a whole stream name', { streamPrefixes: ['main.task-b'] }, ['main.task-b']],
  ['several prefixes', { streamPrefixes: ['main.task-b', 'acme.'] }, ['main.task-b', 'acme.task-a']],
  ['a type', { types: ['task.done'] }, ['main.task-b', 'acme.task-a']],
  ['several types', { types: ['task.done', 'user.added'] }, ['main.user-a', 'main.task-b', 'acme.task-a']],
  ['prefix and type', { streamPrefixes: ['main.'], types: ['task.done'] }, ['main.task-b']],
  ['what nothing matches', { types: ['task.undone'] }, []],
];

export function reading(underTest: UnderTest): void {
  describe('read', () => {
    it.each(slices)('%s', async (_, options, expected) => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(5));
      const slice = await store.read(STREAM, options);
      expect(slice).toMatchObject({ status: 'present', lastRevision: 4 });
      expect(numbers(slice.events)).toEqual(expected);
      expect(slice.events.map(({ revision }) => revision)).toEqual(expected);
    });

    it('says where there is no stream', async () => {
      const { store } = underTest();
      expect(await store.read(STREAM)).toEqual({ status: 'missing', events: [], lastRevision: -1 });
    });

    it('shows nothing of a soft-deleted stream but its last revision', async () => {
      const { store } = underTest();
      await streamStates['soft-deleted'](store);
      expect(await store.read(STREAM)).toEqual({ status: 'missing', events: [], lastRevision: 2 });
    });

    it('rejects where there is a tombstone', async () => {
      const { store } = underTest();
      await streamStates.tombstoned(store);
      await expect(store.read(STREAM)).rejects.toBeInstanceOf(StreamDeleted);
    });

    it('sees every append that was answered', async () => {
      const { store } = underTest();
      const lanes = Array.from({ length: 20 }, async (_, lane) => {
        const stream = `main.task-${lane}`;
        for (let n = 0; n < 20; n++) {
          const { revision } = await store.append(stream, n === 0 ? 'none' : n - 1, [event(n)]);
          expect(revision).toBe(n);
          expect((await store.read(stream, { from: n })).events).toHaveLength(1);
        }
      });
      await Promise.all(lanes);
    });
  });

  describe('slices of large events', () => {
    const large = (n: number) => ({ ...event(n), data: { n, text: 'x'.repeat(2 ** 19) } });
    const all = Array.from({ length: 1_200 }, (_, n) => n);

    beforeEach(async () => {
      const { store } = underTest();
      for (const n of all) await store.append(STREAM, 'any', [n % 10 === 0 ? large(n) : event(n)]);
    }, 60_000);

    it('may be short, and give everything one after the other', async () => {
      const { store } = underTest();
      const read: number[] = [];
      while (read.length < all.length) {
        const { events } = await store.read(STREAM, { from: read.length, limit: all.length });
        expect(events.length).toBeGreaterThan(0);
        read.push(...numbers(events));
      }
      expect(read).toEqual(all);

      const everything: number[] = [];
      for (let position = START, end = false; !end;) {
        const slice = await store.readAll({ position, limit: all.length });
        everything.push(...numbers(slice.events));
        ({ position, end } = slice);
      }
      expect(everything).toEqual(all);
    });
  });

  describe('readAll', () => {
    const streams = ['main.task-a', 'main.user-a', 'main.task-b', 'acme.task-a', 'main.task-a'];
    const types = ['task.created', 'user.added', 'task.done', 'task.done', 'task.changed'];
    let positions: string[];

    beforeEach(async () => {
      positions = [];
      for (const [n, stream] of streams.entries()) {
        positions.push((await underTest().store.append(stream, 'any', [event(n, types[n])])).position);
      }
    });

    it('gives everything in the order of positions', async () => {
      const slice = await underTest().store.readAll();
      expect(numbers(slice.events)).toEqual([0, 1, 2, 3, 4]);
      expect(slice.events.map(({ position }) => position)).toEqual(positions);
      expect(positions.toSorted(comparePositions)).toEqual(positions);
      expect(slice.end).toBe(true);
    });

    it('gives everything backwards', async () => {
      const slice = await underTest().store.readAll({ direction: 'backwards' });
      expect(numbers(slice.events)).toEqual([4, 3, 2, 1, 0]);
      expect(slice.end).toBe(true);
    });

    it('starts after a position, backwards before it', async () => {
      const { store } = underTest();
      expect(numbers((await store.readAll({ position: positions[1] })).events)).toEqual([2, 3, 4]);
      expect(numbers((await store.readAll({ position: positions[2], direction: 'backwards' })).events)).toEqual([1, 0]);
      expect(numbers((await store.readAll({ position: START })).events)).toEqual([0, 1, 2, 3, 4]);
      expect(await store.readAll({ position: positions[4] })).toEqual({
        events: [],
        position: positions[4],
        end: true,
      });
    });

    it.each(['forwards', 'backwards'] as const)('gives everything in pages, %s', async (direction) => {
      const { store } = underTest();
      const seen: number[] = [];
      let page = await store.readAll({ direction, limit: 2 });
      for (; !page.end; page = await store.readAll({ direction, limit: 2, position: page.position })) {
        seen.push(...numbers(page.events));
      }
      seen.push(...numbers(page.events));
      expect(seen).toEqual(direction === 'forwards' ? [0, 1, 2, 3, 4] : [4, 3, 2, 1, 0]);
    });

    it.each(filters)('filters by %s', async (_, filter, expected) => {
      const { store } = underTest();
      const slice = await store.readAll({ filter });
      expect(slice.events.map(({ stream }) => stream)).toEqual(expected);
      expect(slice).toMatchObject({ position: positions[4], end: true });
      const backwards = await store.readAll({ filter, direction: 'backwards' });
      expect(backwards.events.map(({ stream }) => stream)).toEqual(expected.toReversed());
    });

    it('counts only matching events against the limit', async () => {
      const { store } = underTest();
      const filter = { types: ['task.done'] };
      const first = await store.readAll({ filter, limit: 1 });
      expect(numbers(first.events)).toEqual([2]);
      expect(first.end).toBe(false);
      expect(numbers((await store.readAll({ filter, limit: 1, position: first.position })).events)).toEqual([3]);
    });

    it('leaves out deleted streams', async () => {
      const { store } = underTest();
      await store.delete('main.task-a', 'any', 'soft');
      await store.delete('acme.task-a', 'any', 'tombstone');
      expect(numbers((await store.readAll()).events)).toEqual([1, 2]);
    });
  });

  describe('head', () => {
    it('is the last event, also where that is hidden', async () => {
      const { store } = underTest();
      expect(await store.head()).toBe(START);
      const { position } = await store.append(STREAM, 'none', events(3));
      expect(await store.head()).toBe(position);
    });
  });
}
