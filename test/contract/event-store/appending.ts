import { describe, expect, it } from '@jest/globals';
import { comparePositions } from '#kernel/event';
import {
  EventTooLarge,
  InvalidStreamName,
  StreamDeleted,
  WrongExpectedRevision,
} from '#platform/event-store/event-store.errors';
import type { ExpectedRevision } from '#platform/event-store/event-store.port';
import { event, events, numbers, STREAM, streamStates, type UnderTest } from './samples.js';

/** The new event's revision, or the actual revision that the refusal names. */
type Outcome = { appendedAt: number } | { refusedAt: number } | 'deleted';

const outcomes: [keyof typeof streamStates, ExpectedRevision, Outcome][] = [
  ['missing', 'none', { appendedAt: 0 }],
  ['missing', 'any', { appendedAt: 0 }],
  ['missing', 'exists', { refusedAt: -1 }],
  ['missing', 0, { refusedAt: -1 }],
  ['missing', 2, { refusedAt: -1 }],
  ['present', 'none', { refusedAt: 2 }],
  ['present', 'any', { appendedAt: 3 }],
  ['present', 'exists', { appendedAt: 3 }],
  ['present', 0, { refusedAt: 2 }],
  ['present', 2, { appendedAt: 3 }],
  ['present', 3, { refusedAt: 2 }],
  ['soft-deleted', 'none', { appendedAt: 3 }],
  ['soft-deleted', 'any', { appendedAt: 3 }],
  ['soft-deleted', 'exists', { refusedAt: -1 }],
  ['soft-deleted', 0, { refusedAt: -1 }],
  ['soft-deleted', 2, { appendedAt: 3 }],
  ['soft-deleted', 3, { refusedAt: -1 }],
  ['tombstoned', 'none', 'deleted'],
  ['tombstoned', 'any', 'deleted'],
  ['tombstoned', 'exists', 'deleted'],
  ['tombstoned', 2, 'deleted'],
];

export function appending(underTest: UnderTest): void {
  describe('append', () => {
    it.each(outcomes)('to a stream that is %s, expecting %s', async (state, expected, outcome) => {
      const { store } = underTest();
      await streamStates[state](store);
      const before = await store.head();
      const append = store.append(STREAM, expected, [event()]);
      if (outcome === 'deleted') await expect(append).rejects.toBeInstanceOf(StreamDeleted);
      else if ('appendedAt' in outcome) {
        const { revision, position } = await append;
        expect(revision).toBe(outcome.appendedAt);
        expect(comparePositions(position, before)).toBeGreaterThan(0);
        expect(await store.head()).toBe(position);
      } else {
        const refusal = await append.catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(WrongExpectedRevision);
        expect(refusal).toMatchObject({ stream: STREAM, expected, actual: outcome.refusedAt });
        expect(await store.head()).toBe(before);
      }
    });

    it('stores what it was given', async () => {
      const { store, clock, traits } = underTest();
      const given = event(7, 'task.created');
      const { position } = await store.append(STREAM, 'none', [given], { findable: true });
      const [{ recordedAt } = { recordedAt: '' }] = (await store.read(STREAM)).events;
      if (traits.ourTime) expect(recordedAt).toBe(clock.now().toISOString());
      else expect(recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const recorded = { ...given, stream: STREAM, revision: 0, position, recordedAt };
      expect((await store.read(STREAM)).events).toEqual([recorded]);
      expect((await store.readAll()).events).toEqual([recorded]);
      expect(await store.find(given.id)).toEqual(recorded);
      expect(await store.find(event().id)).toBeUndefined();
    });

    it('stores all events of an append or none', async () => {
      const { store } = underTest();
      expect(await store.append(STREAM, 'none', events(3))).toMatchObject({ revision: 2 });
      const refused = [
        store.append(STREAM, 1, events(2)),
        store.append(STREAM, 'any', [event(8), { ...event(9), data: { text: 'x'.repeat(2 ** 21) } }]),
      ];
      for (const { status } of await Promise.allSettled(refused)) expect(status).toBe('rejected');
      expect(numbers((await store.read(STREAM)).events)).toEqual([0, 1, 2]);
    });

    it('refuses alone what is refused among others', async () => {
      const { store } = underTest();
      const settled = await Promise.allSettled([
        store.append('main.task-a', 'none', [event()]),
        store.append('main.task-b', 'exists', [event()]),
        store.append('main.task-a', 'none', [event()]),
        store.append('main.task-a', 0, [event()]),
        store.append('main.task-b', 'none', [event()]),
      ]);
      expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, false, false, true, true]);
      expect((await store.readAll()).events.map(({ stream }) => stream)).toEqual([
        'main.task-a',
        'main.task-a',
        'main.task-b',
      ]);
    });

    it('takes appends to one stream in the order in which they were called', async () => {
      const { store } = underTest();
      await Promise.all(Array.from({ length: 200 }, (_, n) => store.append(STREAM, 'any', [event(n)])));
      expect(numbers((await store.read(STREAM)).events)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    });

    it('lets exactly one of 64 writers win each revision', async () => {
      const { store } = underTest();
      for (let revision = 0; revision < 8; revision++) {
        const expected = revision === 0 ? 'none' : revision - 1;
        const race = Array.from({ length: 64 }, (_, writer) => store.append(STREAM, expected, [event(writer)]));
        const settled = await Promise.allSettled(race);
        const won = settled.filter((one) => one.status === 'fulfilled').map(({ value }) => value.revision);
        const lost = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
        expect(won).toEqual([revision]);
        expect(lost).toHaveLength(63);
        for (const error of lost) expect(error).toMatchObject({ code: 'wrong-expected-revision', actual: revision });
      }
      expect((await store.read(STREAM)).events).toHaveLength(8);
    });

    it.each<[string, ExpectedRevision]>([
      ['none', 'none'],
      ['any', 'any'],
    ])('answers the same event ids again as the first time, expecting %s', async (_, expected) => {
      const { store } = underTest();
      const given = events(2);
      const first = await store.append(STREAM, expected, given);
      await store.append(STREAM, 1, [event()]);
      expect(await store.append(STREAM, expected, given)).toEqual(first);
      expect((await store.read(STREAM)).lastRevision).toBe(2);
    });

    it.each<[string, ExpectedRevision]>([
      ['exists', 'exists'],
      ['a revision', 0],
    ])('answers the same event ids again as the first time, expecting %s', async (_, expected) => {
      const { store } = underTest();
      await store.append(STREAM, 'none', [event()]);
      const given = events(2);
      const first = await store.append(STREAM, expected, given);
      await store.append(STREAM, 2, [event()]);
      expect(await store.append(STREAM, expected, given)).toEqual(first);
      expect((await store.read(STREAM)).lastRevision).toBe(3);
    });

    it('does not answer again where the stream was deleted and is expected to exist', async () => {
      const { store } = underTest();
      const given = events(2);
      await store.append(STREAM, 'none', [event()]);
      await store.append(STREAM, 'exists', given);
      await store.delete(STREAM, 2, 'soft');
      await expect(store.append(STREAM, 'exists', given)).rejects.toMatchObject({ actual: -1 });
      await store.append(STREAM, 'none', [event()]);
      expect(await store.append(STREAM, 'exists', given)).toMatchObject({ revision: 2 });
      expect(await store.read(STREAM)).toMatchObject({ lastRevision: 3 });
    });

    it('brings no deleted stream back where it only repeats what stood there', async () => {
      const { store } = underTest();
      const given = events(2);
      await store.append(STREAM, 'any', given);
      await store.setMetadata(STREAM, { maxCount: 2 });
      await store.delete(STREAM, 1, 'soft');
      expect(await store.append(STREAM, 'any', given)).toMatchObject({ revision: 1 });
      expect(await store.read(STREAM)).toMatchObject({ status: 'missing' });
      expect((await store.readAll()).events).toEqual([]);
    });

    it('recognises a repetition that arrives together with the first', async () => {
      const { store } = underTest();
      const given = events(3);
      const [first, again] = await Promise.all([
        store.append(STREAM, 'none', given),
        store.append(STREAM, 'none', given),
      ]);
      expect(again).toEqual(first);
      expect((await store.read(STREAM)).lastRevision).toBe(2);
    });

    it('takes for a repetition only the same ids at the expected place', async () => {
      const { store } = underTest();
      const [a, b, c] = events(3) as [ReturnType<typeof event>, ReturnType<typeof event>, ReturnType<typeof event>];
      await store.append(STREAM, 'none', [a, b]);
      for (const other of [[b], [b, a], [a, c], [a, b, c]]) {
        await expect(store.append(STREAM, 'none', other)).rejects.toBeInstanceOf(WrongExpectedRevision);
      }
      expect(await store.append(STREAM, 'none', [a])).toMatchObject({ revision: 0 });
      expect((await store.read(STREAM)).lastRevision).toBe(1);
    });

    it('keeps the same event ids apart in different streams', async () => {
      const { store } = underTest();
      const given = event();
      await store.append('main.task-a', 'none', [given]);
      await store.append('main.task-b', 'any', [given]);
      expect((await store.read('main.task-b')).events).toHaveLength(1);
    });

    it('keeps any JSON as it is', async () => {
      const { store } = underTest();
      const data = {
        text: 'Grüße, 世界, 👩‍🚀, \u0000\u2028"\\',
        numbers: [0, -1.5, 1e300, Number.MAX_SAFE_INTEGER],
        nested: { a: [{ b: { c: [[], {}, null, true] } }] },
        'ключ с пробелом': '',
      };
      const metadata = { note: '✓', list: [{ deep: null }] };
      await store.append('main.task-ключ 👩‍🚀'.replaceAll('\u200d', ''), 'none', [
        { ...event(0, 'Bestellung.geprüft'), data, metadata },
      ]);
      const [stored] = (await store.readAll()).events;
      expect(stored).toMatchObject({ type: 'Bestellung.geprüft', data, metadata });
    });

    it('takes an event of 1 MiB and refuses a larger one', async () => {
      const { store } = underTest();
      const empty = JSON.stringify({ text: '' }).length;
      const largest = { ...event(), data: { text: 'x'.repeat(2 ** 20 - empty) } };
      await store.append(STREAM, 'none', [largest]);
      expect((await store.read(STREAM)).events[0]!.data).toEqual(largest.data);

      const larger = { ...event(), data: { text: `${largest.data.text}x` } };
      await expect(store.append(STREAM, 0, [larger])).rejects.toBeInstanceOf(EventTooLarge);
      expect((await store.read(STREAM)).lastRevision).toBe(0);
    });

    it.each(['', '$all', '$$', 'a.b-c\n', 'a\u0000b', 'half \ud83d', 'left\u202eright', 'x'.repeat(501)])(
      'refuses the stream name %j everywhere',
      async (name) => {
        const { store } = underTest();
        const calls = [
          store.append(name, 'any', [event()]),
          store.read(name),
          store.delete(name, 'any', 'soft'),
          store.metadata(name),
          store.setMetadata(name, {}),
        ];
        for (const call of await Promise.allSettled(calls)) {
          expect(call).toMatchObject({ status: 'rejected', reason: expect.any(InvalidStreamName) });
        }
      },
    );

    it('refuses an append of nothing', async () => {
      await expect(underTest().store.append(STREAM, 'any', [])).rejects.toMatchObject({ code: 'invalid-input' });
    });
  });
}
