import { describe, expect, it } from '@jest/globals';
import { contentOf, JsonText } from '#platform/event-store/event-content';
import { InvalidStreamName, StreamDeleted } from '#platform/event-store/event-store.errors';
import type { NewEvent, SubscriptionMessage } from '#platform/event-store/event-store.port';
import { event, events, numbers, STREAM, type UnderTest } from './samples.js';

const METADATA_STREAM = `$$${STREAM}`;
const SYSTEM = '$ours-1';

const filter = { streamPrefixes: [STREAM] };

/** An event that describes a stream, as any client of EventStoreDB writes it. */
const description = (data: unknown): NewEvent => ({
  ...event(),
  type: '$metadata',
  data: data as object,
  metadata: {},
});

const printable = ['orders', 'order 7', 'заказ-世界', 'a/b?c=d&e', '{"json":1}', '%41', 'x'.repeat(500)];

const notMetadata: [string, unknown][] = [
  ['bytes', Uint8Array.of(123, 125)],
  ['an array', []],
  ['a number', 7],
  ['a count of nothing', { $maxCount: 0 }],
  ['an age in words', { $maxAge: '60' }],
  ['a negative revision', { $tb: -1 }],
];

export function systemStreams(underTest: UnderTest): void {
  /** EventStoreDB shows the last event of a metadata stream only. */
  const kept = (all: unknown[]): unknown[] => (underTest().traits.ourMetadata ? all : all.slice(-1));

  /** The data of what the metadata stream says, oldest first. */
  async function descriptions(): Promise<unknown[]> {
    const { events } = await underTest().store.read(METADATA_STREAM);
    for (const { type } of events) expect(type).toBe('$metadata');
    return events.map(({ data }) => data);
  }

  describe('stream names', () => {
    it.each(printable)('may be any printable text: %j', async (name) => {
      const { store } = underTest();
      const given = event(7);
      await store.append(name, 'none', [given]);
      expect((await store.read(name)).events).toMatchObject([{ ...given, stream: name, revision: 0 }]);
      expect((await store.readAll({ filter: { streamPrefixes: [name] } })).events).toMatchObject([{ stream: name }]);
      await store.setMetadata(name, { maxCount: 1 });
      expect(await store.metadata(name)).toEqual({ maxCount: 1 });
    });
  });

  describe('system streams', () => {
    it('are left out of the global order unless they are asked for', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', [event(0)]);
      await store.append(SYSTEM, 'none', [event(1)]);
      await store.append(STREAM, 0, [event(2)]);
      const filter = { streamPrefixes: [STREAM, SYSTEM] };
      for (const direction of ['forwards', 'backwards'] as const) {
        const inOrder = (all: number[]) => (direction === 'forwards' ? all : all.toReversed());
        const without = await store.readAll({ filter, direction });
        expect(numbers(without.events)).toEqual(inOrder([0, 2]));
        const all = await store.readAll({ filter, direction, system: true });
        expect(numbers(all.events)).toEqual(inOrder([0, 1, 2]));
      }
      expect(numbers((await store.read(SYSTEM)).events)).toEqual([1]);
    });

    it('count for the head', async () => {
      const { store } = underTest();
      const { position } = await store.append(SYSTEM, 'none', events(2));
      expect(await store.head()).toBe(position);
    });

    it('are left out of subscriptions, which go on past them', async () => {
      const { store } = underTest();
      const position = await store.head();
      const messages = store.subscribe({ position })[Symbol.asyncIterator]();
      expect((await messages.next()).value).toMatchObject({ kind: 'caught-up' });
      for (let n = 0; n < 3; n++) await store.append(SYSTEM, 'any', [event(n)]);
      const last = await store.append(STREAM, 'none', [event(9)]);
      const checkpoints: string[] = [];
      for (;;) {
        const message = (await messages.next()).value as SubscriptionMessage;
        if (message.kind === 'checkpoint') checkpoints.push(message.position);
        else if (message.kind === 'event') {
          expect(message.event).toMatchObject({ stream: STREAM, position: last.position });
          break;
        }
      }
      expect(checkpoints.length).toBeLessThanOrEqual(4);
      await messages.return!();
    });

    it('are in subscriptions that ask for them', async () => {
      const { store } = underTest();
      await store.append(SYSTEM, 'none', events(2));
      const filter = { streamPrefixes: [SYSTEM] };
      const subscribed: number[] = [];
      for await (const message of store.subscribe({ filter, system: true })) {
        if (message.kind === 'event') subscribed.push(...numbers([message.event]));
        if (message.kind === 'caught-up') break;
      }
      expect(subscribed).toEqual([0, 1]);
    });
  });

  describe('metadata streams', () => {
    it('have an event for each setting of metadata', async () => {
      const { store } = underTest();
      await store.setMetadata(STREAM, { maxCount: 2, maxAge: 60, truncateBefore: 1 });
      await store.setMetadata(STREAM, {});
      expect(kept(await descriptions())).toEqual(kept([{ $maxCount: 2, $maxAge: 60, $tb: 1 }, {}]));
      expect(await store.read(METADATA_STREAM)).toMatchObject({ status: 'present', lastRevision: 1 });
    });

    it('keep what setting the metadata does not speak of', async () => {
      const { store } = underTest();
      await store.append(METADATA_STREAM, 'none', [description({ $maxCount: 2, $tb: 1, $acl: { $r: ['ops'] } })]);
      await store.setMetadata(STREAM, { maxAge: 60 });
      expect((await descriptions()).at(-1)).toEqual({ $maxAge: 60, $acl: { $r: ['ops'] } });
    });

    it('keep a soft deletion when the metadata is set', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      await store.delete(STREAM, 2, 'soft');
      await store.setMetadata(STREAM, { maxCount: 2 });
      expect(await store.read(STREAM)).toEqual({ status: 'missing', events: [], lastRevision: 2 });
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 2 });
      await store.append(STREAM, 'none', [event(7)]);
      expect(numbers((await store.read(STREAM)).events)).toEqual([7]);
    });

    it('take events that are the same as setting it', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(5));
      const data = { $maxCount: 2, $acl: { $r: ['ops'] }, $cacheControl: 60, owner: { team: 'a' } };
      await store.append(METADATA_STREAM, 'none', [description(data)]);
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 2 });
      expect(numbers((await store.read(STREAM)).events)).toEqual([3, 4]);
      expect(numbers((await store.readAll({ filter })).events)).toEqual([3, 4]);
      expect(kept(await descriptions())).toEqual(kept([data]));

      await store.append(METADATA_STREAM, 0, [description({ $tb: 1 }), description({ $maxCount: 3 })]);
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 3 });
      expect(numbers((await store.read(STREAM)).events)).toEqual([2, 3, 4]);
    });

    it('take other events, which change nothing', async () => {
      const { store } = underTest();
      await store.setMetadata(STREAM, { maxCount: 2 });
      await store.append(METADATA_STREAM, 'exists', [{ ...event(), data: { $maxCount: 7 } }]);
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 2 });
    });

    it.each(notMetadata)('refuse %s as metadata, and nothing is changed', async (_, data) => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      await store.setMetadata(STREAM, { maxCount: 2 });
      const append = store.append(METADATA_STREAM, 'any', [description({}), description(data)]);
      await expect(append).rejects.toMatchObject({ code: 'invalid-input' });
      expect(await store.metadata(STREAM)).toEqual({ maxCount: 2 });
      expect(kept(await descriptions())).toEqual(kept([{ $maxCount: 2 }]));
      expect(await store.append(STREAM, 2, [event()])).toMatchObject({ revision: 3 });
    });

    it('have an event for a soft deletion, with everything else that was said', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      const data = { $maxCount: 2, $tb: 1, $acl: { $r: ['ops'] } };
      await store.append(METADATA_STREAM, 'none', [description(data)]);
      await store.delete(STREAM, 2, 'soft');
      const [deletion] = (await store.read(METADATA_STREAM, { direction: 'backwards', limit: 1 })).events;
      expect(deletion!.data).toMatchObject({ $maxCount: 2, $acl: { $r: ['ops'] } });
      // To the letter: a JavaScript number would have become 2^63, which EventStoreDB cannot read.
      expect(Buffer.from(contentOf(deletion!).data).toString()).toMatch(/"\$tb":9223372036854775807[,}]/);
      expect(await store.metadata(STREAM)).toMatchObject({ maxCount: 2 });

      await store.append(STREAM, 'none', [event(7), event(8), event(9)]);
      expect(numbers((await store.read(STREAM)).events)).toEqual([8, 9]);
      expect((await descriptions()).at(-1)).toMatchObject({ $maxCount: 2, $tb: 3, $acl: { $r: ['ops'] } });
    });

    it('take an event that is a soft deletion', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      const deletion = description(new JsonText('{"$tb": 9223372036854775807}'));
      await store.append(METADATA_STREAM, 'any', [deletion]);
      expect(await store.read(STREAM)).toEqual({ status: 'missing', events: [], lastRevision: 2 });
      expect((await store.readAll({ filter })).events).toEqual([]);
      expect(await store.append(STREAM, 'none', [event(7)])).toMatchObject({ revision: 3 });
      expect(numbers((await store.read(STREAM)).events)).toEqual([7]);
    });

    it('have an event for a tombstone, and take nothing after it', async () => {
      const { store } = underTest();
      const position = await store.head();
      await store.append(STREAM, 'none', events(3));
      await store.delete(STREAM, 2, 'tombstone');
      const filter = { types: ['$streamDeleted'] };
      const { events: tombstones } = await store.readAll({ position, filter, system: true });
      expect(tombstones).toMatchObject([{ stream: METADATA_STREAM }]);
      const late = store.append(METADATA_STREAM, 'any', [description({ $maxCount: 1 })]);
      await expect(late).rejects.toBeInstanceOf(StreamDeleted);
    });

    it('refuse a tombstone that is not a deletion', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(1));
      const append = store.append(METADATA_STREAM, 'any', [{ ...event(), type: '$streamDeleted' }]);
      await expect(append).rejects.toMatchObject({ code: 'invalid-input' });
      expect((await store.read(STREAM)).events).toHaveLength(1);
    });

    it('have no metadata and cannot be deleted', async () => {
      const { store } = underTest();
      await store.setMetadata(STREAM, { maxCount: 1 });
      const calls = [
        store.setMetadata(METADATA_STREAM, {}),
        store.delete(METADATA_STREAM, 'any', 'soft'),
        store.delete(METADATA_STREAM, 'any', 'tombstone'),
      ];
      for (const call of calls) await expect(call).rejects.toBeInstanceOf(InvalidStreamName);
      expect(await store.metadata(METADATA_STREAM)).toEqual({});
    });
  });
}
