import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemIds } from '#kernel/ids';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventFeeds, type FeedQuery } from './event-feeds.js';

let store: SqliteEventStore;
let feeds: EventFeeds;
beforeEach(async () => {
  store = await SqliteEventStore.open(':memory:');
  feeds = new EventFeeds(store);
});
afterEach(() => store.close());

const append = (stream: string, type: string, correlationId = 'c') =>
  store.append(stream, 'any', [{ id: systemIds.next(), type, data: {}, metadata: { correlationId } }]);

async function types(query: FeedQuery, count: number): Promise<string[]> {
  const feed = await feeds.open('main', query);
  const seen: string[] = [];
  while (seen.length < count) seen.push((await feed.next()).value!.type);
  await feed.return();
  return seen;
}

describe('a feed of events', () => {
  it('has the tenant’s own events only, from a position on', async () => {
    const { position } = await append('main.Lamp-a', 'first');
    await append('other.Lamp-a', 'foreign');
    await append('main.Lamp-a', 'second');
    await append('main.Lampion-a', 'third');
    expect(await types({ after: '0' }, 3)).toEqual(['first', 'second', 'third']);
    expect(await types({ after: position }, 2)).toEqual(['second', 'third']);
    expect(await types({ after: '0', noun: 'Lamp' }, 2)).toEqual(['first', 'second']);
    expect(await types({ after: '0', stream: 'main.Lampion-a' }, 1)).toEqual(['third']);
  });

  it('filters by type and correlation together', async () => {
    await append('main.Lamp-a', 'on', 'morning');
    await append('main.Lamp-a', 'off', 'evening');
    await append('main.Lamp-b', 'on', 'evening');
    expect(await types({ after: '0', types: ['on'], correlationId: 'evening' }, 1)).toEqual(['on']);
    expect(await types({ after: '0', correlationId: 'evening' }, 2)).toEqual(['off', 'on']);
  });

  it('begins now where no position is given', async () => {
    await append('main.Lamp-a', 'before');
    const feed = await feeds.open('main', {});
    await append('main.Lamp-a', 'after');
    expect((await feed.next()).value).toMatchObject({ type: 'after' });
    await feed.return();
  });

  it('ends while the next event is being waited for, and lets go of the store', async () => {
    const feed = await feeds.open('main', {});
    const next = feed.next();
    await feed.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await feed.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with the store', async () => {
    const feed = await feeds.open('main', {});
    const next = feed.next();
    await store.close();
    expect((await next).done).toBe(true);
  });

  it('refuses positions that are still to come, and streams of other tenants', async () => {
    await expect(feeds.open('main', { after: '77' })).rejects.toMatchObject({ violations: [{ pointer: '/after' }] });
    await expect(feeds.open('main', { stream: 'other.Lamp-a' })).rejects.toMatchObject({
      violations: [{ pointer: '/stream' }],
    });
  });
});
