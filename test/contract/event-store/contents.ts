import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { contentOf, JsonText } from '#platform/event-store/event-content';
import { EventTooLarge } from '#platform/event-store/event-store.errors';
import type { SubscriptionMessage } from '#platform/event-store/event-store.port';
import { event, STREAM, type UnderTest } from './samples.js';

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const nothing = new Uint8Array();

/** As a user of the port may write it: the type says `object`, JSON has more. */
const as = (content: unknown) => content as object;

const kinds: [string, unknown, unknown][] = [
  ['an object', { n: 1 }, { n: 1 }],
  ['a text', 'text', 'text'],
  ['a number', 1.5, 1.5],
  ['null', null, null],
  ['an array', [1, [true]], [1, [true]]],
  ['JSON to the letter', new JsonText('{"b" : 1.0, "a":"\\u0041"}\n'), { b: 1, a: 'A' }],
  ['a JSON text to the letter', new JsonText(' "text" '), 'text'],
  ['bytes', everyByte, everyByte],
  ['no bytes', nothing, nothing],
];

const filter = { streamPrefixes: [STREAM] };

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
/** Without the class: a Buffer is as good. */
const plain = (content: unknown): unknown => (content instanceof Uint8Array ? Uint8Array.from(content) : content);

export function contents(underTest: UnderTest): void {
  /** The stream's only event, by every way to look at it. */
  async function everywhere(): Promise<Recorded[]> {
    const { store } = underTest();
    const [read] = (await store.read(STREAM)).events;
    const [readAll] = (await store.readAll({ filter })).events;
    const messages = store.subscribe({ filter })[Symbol.asyncIterator]();
    const message = (await messages.next()).value as SubscriptionMessage;
    await messages.return!();
    if (message.kind !== 'event') throw new Error('There is no event.');
    return [read!, readAll!, message.event, (await store.find(read!.id))!];
  }

  describe('contents', () => {
    it.each(kinds)('may be %s', async (_, given, expected) => {
      await underTest().store.append(STREAM, 'none', [{ ...event(), data: as(given), metadata: as(given) }], {
        findable: true,
      });
      for (const { data, metadata } of await everywhere()) {
        expect(plain(data)).toEqual(expected);
        expect(plain(metadata)).toEqual(expected);
      }
    });

    it('come back as they were written, in bytes', async () => {
      const { store } = underTest();
      const letters = '{"large": 12345678901234567890, "twice":1, "twice":2}';
      await store.append(STREAM, 'none', [{ ...event(), data: new JsonText(letters), metadata: everyByte }], {
        findable: true,
      });
      for (const recorded of await everywhere()) {
        const { json, data, metadata } = contentOf(recorded);
        expect({ json, text: text(data) }).toEqual({ json: true, text: letters });
        expect(plain(metadata)).toEqual(everyByte);
      }
    });

    it('tell bytes from JSON', async () => {
      const { store } = underTest();
      const given = [{ n: 1 }, Buffer.from('{"n":1}'), nothing].map((data) => ({ ...event(), data, metadata: {} }));
      await store.append(STREAM, 'none', given);
      const { events } = await store.read(STREAM);
      expect(events.map((one) => contentOf(one).json)).toEqual([true, false, false]);
      expect(events.map((one) => text(contentOf(one).data))).toEqual(['{"n":1}', '{"n":1}', '']);
    });

    it.each(['', '{', '{"a":1,}', 'text', '\ufeff{}'])('refuse %j as JSON', async (invalid) => {
      const { store } = underTest();
      for (const part of ['data', 'metadata']) {
        const append = store.append(STREAM, 'any', [event(), { ...event(), [part]: new JsonText(invalid) }]);
        await expect(append).rejects.toMatchObject({
          code: 'invalid-input',
          violations: [expect.objectContaining({ pointer: `/${part}` })],
        });
      }
      expect(await store.read(STREAM)).toMatchObject({ status: 'missing' });
    });

    it('take 1 MiB of bytes and refuse more', async () => {
      const { store } = underTest();
      const largest = new Uint8Array(2 ** 20).fill(7);
      await store.append(STREAM, 'none', [{ ...event(), data: largest }]);
      expect(plain((await store.read(STREAM)).events[0]!.data)).toEqual(largest);
      const larger = { ...event(), data: new Uint8Array(2 ** 20 + 1) };
      await expect(store.append(STREAM, 0, [larger])).rejects.toBeInstanceOf(EventTooLarge);
    });
  });
}
