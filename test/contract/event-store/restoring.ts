import { describe, expect, it } from '@jest/globals';
import { comparePositions, type EventMetadata, type Recorded, START } from '#kernel/event';
import { eventIdOf, systemIds } from '#kernel/ids';
import { contentOf, withContent } from '#platform/event-store/event-content';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import { event, numbers, STREAM, type UnderTest } from './samples.js';

const METADATA_STREAM = `$$${STREAM}`;
const DELETION = '{"$tb":9223372036854775807}';

/** An event of another store, recorded there in 2001; its data is `{ n: <revision> }`. */
function recorded(revision: number, stream = STREAM, more: Partial<Recorded> = {}): Recorded {
  const recordedAt = new Date(Date.UTC(2001, 0, 1, 0, 0, revision)).toISOString();
  return { ...(event(revision) as Recorded), stream, revision, position: '77', recordedAt, ...more };
}

/** What the other store has to say of the stream. */
function description(revision: number, text: string): Recorded {
  const data = JSON.parse(text) as object;
  const one = recorded(revision, METADATA_STREAM, { type: '$metadata', data });
  return withContent(one, { data: text, metadata: '{}' });
}

const tombstone = (revision: number) => recorded(revision, METADATA_STREAM, { type: '$streamDeleted', data: {} });

const withoutPosition = ({ position: _, ...rest }: Recorded) => rest;
const ids = (events: readonly Recorded[]) => events.map(({ id }) => id);

export function restoring(underTest: UnderTest): void {
  const revisions = async () => (await underTest().store.read(STREAM)).events.map(({ revision }) => revision);

  describe('restore', () => {
    it('keeps everything but the position', async () => {
      const { store } = underTest();
      const given = [
        recorded(0),
        recorded(0, 'main.task-b', { type: 'Bestellung.geprüft' }),
        recorded(1),
        recorded(0, '$ours-1'),
        recorded(1, 'main.task-b'),
      ];
      await store.restore(given);
      const filter = { streamPrefixes: ['main.task-', '$ours-'] };
      const { events } = await store.readAll({ system: true, filter });
      expect(events.map(withoutPosition)).toEqual(given.map(withoutPosition));
      const positions = events.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted(comparePositions));
      expect(await revisions()).toEqual([0, 1]);
      expect(await store.append(STREAM, 1, [event()])).toMatchObject({ revision: 2 });
    });

    it('keeps contents to the letter', async () => {
      const { store } = underTest();
      const letters = '{ "n": 12345678901234567890 }';
      const bytes = Uint8Array.of(0, 255);
      const empty = new Uint8Array();
      await store.restore([
        withContent(recorded(0, STREAM, { data: { n: 12345678901234567000 } }), { data: letters, metadata: empty }),
        recorded(1, STREAM, { data: bytes }),
      ]);
      const { events } = await store.read(STREAM);
      const [first, second] = events.map((one) => contentOf(one));
      expect(first).toMatchObject({ json: true });
      expect(Buffer.from(first!.data).toString()).toBe(letters);
      expect(first!.metadata).toHaveLength(0);
      expect(second).toMatchObject({ json: false });
      expect(Uint8Array.from(second!.data)).toEqual(bytes);
    });

    it('passes over what stands here already, so that it can be repeated', async () => {
      const { store } = underTest();
      const given = [recorded(0), description(0, '{"$maxCount":2}'), recorded(1), recorded(2)];
      await store.restore(given.slice(0, 2));
      await store.restore(given);
      const head = await store.head();
      await store.restore(given);
      expect(await store.head()).toBe(head);
      expect(await revisions()).toEqual([1, 2]);
      expect((await store.read(METADATA_STREAM)).events).toHaveLength(1);
    });

    it('takes over its own events, and changes nothing', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', [event(0), event(1)]);
      await store.setMetadata(STREAM, { maxCount: 1 });
      const filter = { streamPrefixes: [STREAM, METADATA_STREAM] };
      const { events } = await store.readAll({ position: START, filter, system: true });
      await store.restore(events);
      expect((await store.readAll({ filter, system: true })).events).toEqual(events);
    });

    it.each([
      ['another event has the revision', [recorded(2), recorded(1)]],
      ['the stream is past the revision', [recorded(9), recorded(8)]],
    ])('takes nothing where %s', async (_, given) => {
      const { store } = underTest();
      await store.restore([recorded(0), recorded(1)]);
      const head = await store.head();
      const refused = store.restore([recorded(0, 'main.task-b'), ...given, recorded(1, 'main.task-b')]);
      await expect(refused).rejects.toBeInstanceOf(WrongExpectedRevision);
      expect(await store.head()).toBe(head);
      expect(await revisions()).toEqual([0, 1]);
      expect(await store.read('main.task-b')).toMatchObject({ status: 'missing' });
    });

    it('takes thousands of events in order', async () => {
      const { store } = underTest();
      const given = Array.from({ length: 5_000 }, (_, n) => recorded(Math.floor(n / 50), `main.task-${n % 50}`));
      await store.restore(given);
      const filter = { streamPrefixes: ['main.task-'] };
      expect(ids((await store.readAll({ filter, limit: 10_000 })).events)).toEqual(ids(given));
    });

    it('finds the first event of a command that may be repeated', async () => {
      const { store, clock } = underTest();
      const command = (fields: Partial<EventMetadata>): Partial<Recorded> => {
        const commandId = systemIds.next();
        const recordedAt = new Date(clock.now().getTime() - 6 * 24 * 60 * 60 * 1_000).toISOString();
        const metadata = { commandId, commandDigest: 'digest', ...fields } as EventMetadata;
        return { id: eventIdOf(commandId, 0), metadata, recordedAt };
      };
      const given = [recorded(0), recorded(1, STREAM, command({})), recorded(0, 'main.task-b', command({}))];
      await store.restore(given);
      await store.restore(given);
      for (const event of given.slice(1)) {
        expect(await store.find(event.id)).toMatchObject({ ...event, position: expect.any(String) });
      }
    });

    it('takes nothing from nothing', async () => {
      const { store } = underTest();
      const head = await store.head();
      await store.restore([]);
      expect(await store.head()).toBe(head);
    });
  });

  describe('a stream restored with gaps', () => {
    const first = recorded(5);
    const second = recorded(6);
    const third = recorded(9);
    const restore = () => underTest().store.restore([first, second, third]);

    it('is read as it is', async () => {
      await restore();
      const { store } = underTest();
      expect(await store.read(STREAM)).toMatchObject({ status: 'present', lastRevision: 9 });
      expect(await revisions()).toEqual([5, 6, 9]);
      const backwards = await store.read(STREAM, { direction: 'backwards', from: 8 });
      expect(backwards.events.map(({ revision }) => revision)).toEqual([6, 5]);
      expect(ids((await store.read(STREAM, { from: 2, limit: 1 })).events)).toEqual([first.id]);
      expect((await store.read(STREAM, { from: 7 })).events).toHaveLength(1);
    });

    it('goes on with the next revision', async () => {
      await restore();
      const { store } = underTest();
      for (const expected of ['none', 2, 8] as const) {
        await expect(store.append(STREAM, expected, [event()])).rejects.toMatchObject({ actual: 9 });
      }
      expect(await store.append(STREAM, 9, [event()])).toMatchObject({ revision: 10 });
      expect(await store.append(STREAM, 'exists', [event()])).toMatchObject({ revision: 11 });
    });

    it('answers the same event ids again where they stand', async () => {
      await restore();
      const { store } = underTest();
      const head = await store.head();
      expect(await store.append(STREAM, 'any', [first, second])).toMatchObject({ revision: 6 });
      expect(await store.append(STREAM, 4, [first, second])).toMatchObject({ revision: 6 });
      expect(await store.append(STREAM, 8, [third])).toMatchObject({ revision: 9, position: head });
      for (const expected of ['any', 5] as const) {
        const apart = store.append(STREAM, expected, [second, third]);
        await expect(apart).rejects.toBeInstanceOf(WrongExpectedRevision);
      }
      expect(await store.head()).toBe(head);
    });

    it('hides by revision, and by the time of recording', async () => {
      await restore();
      const { store } = underTest();
      await store.setMetadata(STREAM, { maxCount: 4 });
      expect(await revisions()).toEqual([6, 9]);
      await store.setMetadata(STREAM, { truncateBefore: 6 });
      expect(await revisions()).toEqual([6, 9]);
      await store.setMetadata(STREAM, { maxAge: 60 });
      expect(await revisions()).toEqual([]);
    });
  });

  describe('metadata and deletions', () => {
    it('are restored with the events of metadata streams', async () => {
      const { store } = underTest();
      await store.restore([recorded(0), recorded(1), recorded(2), description(0, '{"$maxCount":2,"team":"a"}')]);
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 2 });
      expect(await revisions()).toEqual([1, 2]);
    });

    it('may come before the events', async () => {
      await underTest().store.restore([description(3, '{"$maxCount":1}'), recorded(7), recorded(8)]);
      expect(await revisions()).toEqual([8]);
    });

    it('say nothing where they are not metadata', async () => {
      const { store } = underTest();
      await store.restore([recorded(0), description(0, '{"$maxCount":1}'), description(1, '{"$maxCount":"two"}')]);
      expect(await store.metadata(STREAM)).toEqual({});
      expect(await store.append(STREAM, 0, [event(1)])).toMatchObject({ revision: 1 });
      expect(numbers((await store.read(STREAM)).events)).toEqual([0, 1]);
    });

    it('leave a soft-deleted stream missing', async () => {
      const { store } = underTest();
      await store.restore([recorded(0), recorded(1), description(0, DELETION)]);
      expect(await store.read(STREAM)).toEqual({ status: 'missing', events: [], lastRevision: 1 });
      expect(await store.append(STREAM, 'none', [event(2)])).toMatchObject({ revision: 2 });
      expect(await revisions()).toEqual([2]);
    });

    it('bring back what came after a soft deletion, and no more', async () => {
      const { store, traits } = underTest();
      const after = recorded(3);
      // The events before the deletion were hidden already when this store was copied.
      await store.restore([description(0, DELETION), description(1, '{"$tb":3}'), after]);
      expect(await store.read(STREAM)).toMatchObject({ status: 'present', lastRevision: 3 });
      expect(ids((await store.read(STREAM)).events)).toEqual([after.id]);
      if (traits.emptyGaps) expect((await store.read(METADATA_STREAM)).events).toHaveLength(2);
      // The stream began anew with it: the append that made it is known again.
      expect(await store.append(STREAM, 'none', [after])).toMatchObject({ revision: 3 });
    });

    it('entomb a stream, also where the copy is repeated', async () => {
      const { store } = underTest();
      const given = [recorded(0), recorded(1), tombstone(0)];
      await store.restore(given);
      await expect(store.read(STREAM)).rejects.toBeInstanceOf(StreamDeleted);
      const head = await store.head();
      await store.restore(given);
      expect(await store.head()).toBe(head);
      await expect(store.restore([recorded(2)])).rejects.toBeInstanceOf(StreamDeleted);
      expect((await store.readAll({ filter: { streamPrefixes: [STREAM] } })).events).toEqual([]);
    });
  });
}
