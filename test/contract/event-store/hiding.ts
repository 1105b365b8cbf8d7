import { describe, expect, it } from '@jest/globals';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { StreamMetadata } from '#platform/event-store/event-store.port';
import { event, events, numbers, STREAM, streamStates, type UnderTest } from './samples.js';

const hidden: [string, StreamMetadata, number[]][] = [
  ['nothing', {}, [0, 1, 2, 3, 4]],
  ['all but the last so many', { maxCount: 2 }, [3, 4]],
  ['what is before a revision', { truncateBefore: 3 }, [3, 4]],
  ['what any of them hides', { maxCount: 4, truncateBefore: 3 }, [3, 4]],
  ['nothing where there is less', { maxCount: 9 }, [0, 1, 2, 3, 4]],
  ['everything', { truncateBefore: 5 }, []],
];

export function hiding(underTest: UnderTest): void {
  /** What is visible of the stream, by every way to look at it. */
  async function visible(): Promise<number[]> {
    const { store } = underTest();
    const forwards = numbers((await store.read(STREAM)).events);
    expect(numbers((await store.read(STREAM, { direction: 'backwards' })).events)).toEqual(forwards.toReversed());
    expect(numbers((await store.readAll()).events)).toEqual(forwards);
    const subscribed: number[] = [];
    for await (const message of store.subscribe()) {
      if (message.kind === 'event') subscribed.push(...numbers([message.event]));
      if (message.kind === 'caught-up') break;
    }
    expect(subscribed).toEqual(forwards);
    return forwards;
  }

  describe('stream metadata', () => {
    it.each(hidden)('hides %s', async (_, metadata, expected) => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(5));
      await store.setMetadata(STREAM, metadata);
      expect(await store.metadata(STREAM)).toEqual(metadata);
      expect(await visible()).toEqual(expected);
      expect(await store.read(STREAM)).toMatchObject({ status: 'present', lastRevision: 4 });
    });

    it('hides what is older than the maximum age', async () => {
      const { store, clock, traits } = underTest();
      // Elsewhere it would take a minute.
      if (!traits.ourTime) return;
      await store.setMetadata(STREAM, { maxAge: 60 });
      await store.append(STREAM, 'any', [event(0)]);
      clock.advance(40);
      await store.append(STREAM, 'any', [event(1)]);
      clock.advance(20);
      expect(await visible()).toEqual([0, 1]);
      clock.advance(1);
      expect(await visible()).toEqual([1]);
      clock.advance(60);
      expect(await visible()).toEqual([]);
      expect((await store.append(STREAM, 1, [event(2)])).revision).toBe(2);
      expect(await visible()).toEqual([2]);
    });

    it('moves on with the stream', async () => {
      const { store } = underTest();
      await store.setMetadata(STREAM, { maxCount: 2 });
      for (let n = 0; n < 4; n++) await store.append(STREAM, 'any', [event(n)]);
      expect(await visible()).toEqual([2, 3]);
    });

    it('and deletions hide nothing from a copy', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      await store.setMetadata(STREAM, { maxCount: 1 });
      await store.delete(STREAM, 'any', 'soft');
      await store.append('main.task-b', 'none', [event(3)]);
      await store.delete('main.task-b', 'any', 'tombstone');
      const filter = { streamPrefixes: ['main.task-'] };
      expect(numbers((await store.readAll({ hidden: true, filter })).events)).toEqual([0, 1, 2, 3]);
      const subscribed: number[] = [];
      for await (const message of store.subscribe({ hidden: true, filter })) {
        if (message.kind === 'event') subscribed.push(...numbers([message.event]));
        if (message.kind === 'caught-up') break;
      }
      expect(subscribed).toEqual([0, 1, 2, 3]);
      expect((await store.readAll({ filter })).events).toEqual([]);
    });

    it('and soft deletions hide nothing that is looked for by its id', async () => {
      const { store } = underTest();
      const given = [event(1), event(2)];
      await store.append(STREAM, 'none', [event(0)]);
      await store.append(STREAM, 0, given, { findable: true });
      const [stored] = (await store.read(STREAM, { from: 1, limit: 1 })).events;
      await store.setMetadata(STREAM, { maxCount: 1 });
      expect(await store.find(given[0]!.id)).toEqual(stored);
      await store.delete(STREAM, 2, 'soft');
      expect(await store.find(given[0]!.id)).toEqual(stored);
      await store.append(STREAM, 'none', [event(3)]);
      expect(await store.find(given[0]!.id)).toEqual(stored);
      await store.delete(STREAM, 3, 'tombstone');
      expect(await store.find(given[0]!.id)).toBeUndefined();
    });

    it('is replaced as a whole', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(5));
      await store.setMetadata(STREAM, { maxCount: 1, truncateBefore: 3 });
      await store.setMetadata(STREAM, { maxCount: 3 });
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 3 });
      expect(await visible()).toEqual([2, 3, 4]);
      await store.setMetadata(STREAM, {});
      expect(await visible()).toEqual([0, 1, 2, 3, 4]);
    });

    it('may come before the first event', async () => {
      const { store } = underTest();
      expect(await store.metadata(STREAM)).toEqual({});
      await store.setMetadata(STREAM, { maxCount: 1 });
      expect(await store.read(STREAM)).toMatchObject({ status: 'missing', lastRevision: -1 });
      await expect(store.append(STREAM, 'exists', [event()])).rejects.toBeInstanceOf(WrongExpectedRevision);
      await store.append(STREAM, 'none', events(2));
      expect(await visible()).toEqual([1]);
    });

    it('must be whole numbers', async () => {
      for (const metadata of [{ maxCount: 0 }, { maxAge: -1 }, { truncateBefore: 1.5 }]) {
        const set = underTest().store.setMetadata(STREAM, metadata);
        await expect(set).rejects.toMatchObject({ code: 'invalid-input' });
      }
    });
  });

  describe('delete', () => {
    it('shows only what was appended since a soft deletion', async () => {
      const { store } = underTest();
      await streamStates['soft-deleted'](store);
      expect(await store.append(STREAM, 'none', [event(7), event(8)])).toMatchObject({ revision: 4 });
      expect(await store.read(STREAM)).toMatchObject({ status: 'present', lastRevision: 4 });
      expect(await visible()).toEqual([7, 8]);
    });

    it.each<[string, StreamMetadata, StreamMetadata, number[]]>([
      ['nothing more is said', {}, { truncateBefore: 3 }, [7, 8]],
      ['less is hidden', { truncateBefore: 1 }, { truncateBefore: 3 }, [7, 8]],
      ['more is hidden', { truncateBefore: 4 }, { truncateBefore: 4 }, [8]],
      ['something else is said', { maxCount: 9 }, { maxCount: 9, truncateBefore: 3 }, [7, 8]],
    ])('hides what it deleted, where later %s', async (_, metadata, kept, shown) => {
      const { store } = underTest();
      await streamStates['soft-deleted'](store);
      await store.append(STREAM, 'none', [event(7), event(8)]);
      for (let times = 0; times < 2; times++) {
        await store.setMetadata(STREAM, metadata);
        expect(await store.metadata(STREAM)).toEqual(kept);
        expect(await visible()).toEqual(shown);
      }
      await store.setMetadata(STREAM, { truncateBefore: 5 });
      await store.setMetadata(STREAM, {});
      expect(await visible()).toEqual([7, 8]);
    });

    it.each([
      ['present', 'any', true],
      ['present', 'exists', true],
      ['present', 2, true],
      ['present', 'none', false],
      ['present', 1, false],
      ['missing', 'exists', false],
      ['missing', 0, false],
      ['soft-deleted', 'exists', false],
    ] as const)('of a stream that is %s, expecting %s', async (state, expected, accepted) => {
      const { store } = underTest();
      await streamStates[state](store);
      const deletions = accepted ? (['soft'] as const) : (['soft', 'tombstone'] as const);
      for (const mode of deletions) {
        const outcome = await store.delete(STREAM, expected, mode).catch((error: unknown) => error);
        if (accepted) expect(outcome).toBeUndefined();
        else expect(outcome).toBeInstanceOf(WrongExpectedRevision);
      }
      const { status } = await store.read(STREAM);
      expect(status).toBe(state === 'present' && !accepted ? 'present' : 'missing');
    });

    it('for ever leaves nothing that could be called', async () => {
      const { store } = underTest();
      await streamStates.tombstoned(store);
      const calls = [
        () => store.read(STREAM),
        () => store.append(STREAM, 'any', [event()]),
        () => store.delete(STREAM, 'any', 'soft'),
        () => store.delete(STREAM, 'any', 'tombstone'),
        () => store.metadata(STREAM),
        () => store.setMetadata(STREAM, {}),
      ];
      for (const call of calls) await expect(call()).rejects.toBeInstanceOf(StreamDeleted);
    });
  });
}
