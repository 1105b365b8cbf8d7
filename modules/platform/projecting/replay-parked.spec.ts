import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, type CounterEvent, counters, documentsOf, upToDate } from '#test/support/counter-projection';
import type { ParkedKey } from './parked-events.js';
import { ProjectionRunner } from './projection-runner.js';

describe('parked work', () => {
  let events: SqliteEventStore;
  let documents: SqliteReadStore;
  let runners: ProjectionRunner[];
  let refused: Set<string>;

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    documents = await SqliteReadStore.open(':memory:');
    runners = [];
    refused = new Set();
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    await Promise.all([events.close(), documents.close()]);
  });

  /** Refuses the events in `refused`, by key and revision, such as `b@1`. */
  const refusing = () => counters(({ stream, revision }) => refused.has(`${stream.at(-1)}@${revision}`));
  const run = async (projection = refusing()) => {
    const runner = new ProjectionRunner(projection, events, documents, {
      logger: { log() {}, warn() {} },
      retry: { attempts: 1, delay: () => Promise.resolve() },
    });
    runners.push(runner);
    await runner.start();
    await upToDate(runner, events);
    return runner;
  };
  const add = (key: string, ...values: number[]) => events.append(`main.counter-${key}`, 'any', values.map(added));
  const replay = async (runner: ProjectionRunner, id: string): Promise<unknown> => {
    const outcome = (await runner.replay([id])).get(id);
    return outcome && 'error' in outcome ? (outcome.error as Error).message : outcome;
  };
  const parked = async () => Object.values(await documentsOf(documents, 'parked_events')) as ParkedKey[];
  const skip = (event: { id: string }) =>
    events.append('main.projection-counters', 'any', [
      { id: systemIds.next(), type: 'projection.eventSkipped', data: { eventId: event.id }, metadata: {} },
    ]);

  it('goes as far as the next event that fails, and is parked there', async () => {
    refused = new Set(['b@1', 'b@3']);
    await add('b', 1, 2, 3, 4, 5);
    const runner = await run();
    expect(await parked()).toMatchObject([
      { error: { message: expect.stringContaining('@1') }, waiting: { count: 3 } },
    ]);
    refused.delete('b@1');
    expect(await replay(runner, 'counters/key/b')).toContain('refused main.counter-b@3');
    expect(await documents.get('counters', 'b')).toEqual({ sum: 6, revisions: [0, 1, 2] });
    expect(await parked()).toMatchObject([
      { error: { message: expect.stringContaining('@3') }, waiting: { count: 1 } },
    ]);

    await add('b', 6);
    refused.clear();
    await upToDate(runner, events);
    expect(await replay(runner, 'counters/key/b')).toEqual({});
    expect(await documents.get('counters', 'b')).toEqual({ sum: 21, revisions: [0, 1, 2, 3, 4, 5] });
    expect(await runner.status()).toMatchObject({ parkedKeys: 0 });
  });

  it('is tried again all together, in one pass over the events', async () => {
    const names = [...'abcdefgh'];
    refused = new Set(names.map((name) => `${name}@1`));
    for (let round = 0; round < 4; round++) for (const name of names) await add(name, 1);
    const runner = await run();
    refused = new Set(['c@1', 'd@2']);
    let reads = 0;
    const readAll = events.readAll.bind(events);
    events.readAll = (options) => {
      reads++;
      return readAll(options);
    };
    const outcomes = await runner.replay([...names, 'nobody'].map((name) => `counters/key/${name}`));
    expect(reads).toBe(1);
    expect(outcomes.size).toBe(8);
    const failing = [...outcomes].flatMap(([id, outcome]) => ('error' in outcome ? [id] : []));
    expect(failing).toEqual(['counters/key/c', 'counters/key/d']);
    const whole = { sum: 4, revisions: [0, 1, 2, 3] };
    const expected = Object.fromEntries(names.map((name) => [name, whole]));
    expect(await documentsOf(documents)).toEqual({
      ...expected,
      c: { sum: 1, revisions: [0] },
      d: { sum: 2, revisions: [0, 1] },
    });
    expect(await runner.status()).toMatchObject({ parkedKeys: 2 });
  });

  it('says of a try that failed again that it was made', async () => {
    refused.add('b@1');
    await add('b', 1, 2, 3);
    const runner = await run();
    const [before] = await parked();
    expect(await replay(runner, 'counters/key/b')).toContain('@1');
    expect(await parked()).toMatchObject([{ ...before, attempts: 2, triedAt: expect.any(String), error: {} }]);
  });

  it('goes on without an event that was skipped', async () => {
    refused.add('b@1');
    await add('b', 1, 2, 3);
    const runner = await run();
    await skip((await parked())[0]!.event);
    expect(await replay(runner, 'counters/key/b')).toEqual({});
    await add('b', 4);
    await upToDate(runner, events);
    expect(await documents.get('counters', 'b')).toEqual({ sum: 8, revisions: [0, 2, 3] });
  });

  it('is left out again by a read model that is built from nothing', async () => {
    refused.add('b@1');
    await add('b', 1, 2, 3);
    const runner = await run();
    await skip((await parked())[0]!.event);
    await runner.stop();
    const built = await run({ ...refusing(), version: 2 });
    expect(await documents.get('counters', 'b')).toEqual({ sum: 4, revisions: [0, 2] });
    expect(await built.status()).toMatchObject({ parkedKeys: 0 });
  });

  it('is seen to by the next runner where the skip was not', async () => {
    refused.add('b@1');
    await add('b', 1, 2, 3);
    await (await run()).stop();
    await skip((await parked())[0]!.event);
    const runner = await run();
    expect(await documents.get('counters', 'b')).toEqual({ sum: 4, revisions: [0, 2] });
    expect(await runner.status()).toMatchObject({ parkedKeys: 0 });
  });

  describe('without a key', () => {
    let keyless: boolean;
    const unkeyed = () => {
      const plain = counters();
      const key = (event: Recorded<CounterEvent>) => {
        if (keyless && event.revision === 1) throw new Error('no key');
        return plain.key(event);
      };
      return { ...plain, key };
    };
    beforeEach(() => {
      keyless = true;
    });

    it('gets its place among the events of its key, once that can be told', async () => {
      await add('a', 1, 2, 3);
      const runner = await run(unkeyed());
      const id = `counters/event/${(await parked())[0]!.event.id}`;
      expect(await replay(runner, id)).toContain('no key');
      keyless = false;
      expect(await replay(runner, id)).toEqual({});
      expect(await documents.get('counters', 'a')).toEqual({ sum: 6, revisions: [0, 1, 2] });
      expect(await parked()).toEqual([]);
    });

    it('can be skipped', async () => {
      await add('a', 1, 2, 3);
      const runner = await run(unkeyed());
      const { event } = (await parked())[0]!;
      await skip(event);
      expect(await replay(runner, `counters/event/${event.id}`)).toEqual({});
      expect(await parked()).toEqual([]);
      expect(await documents.get('counters', 'a')).toEqual({ sum: 4, revisions: [0, 2] });
    });
  });
});
