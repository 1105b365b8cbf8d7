import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly position: string;
  readonly stream: string;
  readonly objectId: string;
}

const create = async (noun: string, id: string): Promise<string> => {
  const { headers } = await perdure.api.post(`/api/v1/things/${noun}`).send({ $id: id, n: 1 }).expect(201);
  return headers['perdure-position'] as string;
};

/** Messages of a live feed, until it has been told to stop. */
class Follower {
  readonly entries: Entry[] = [];
  readonly leaving = new AbortController();
  readonly ended: Promise<void>;

  constructor(query: string, headers: Record<string, string> = {}) {
    this.ended = this.#follow(query, headers).catch(() => undefined);
  }

  async #follow(query: string, headers: Record<string, string>): Promise<void> {
    const { signal } = this.leaving;
    const response = await fetch(`${perdure.url}/api/v1/events/live?${query}`, { headers, signal });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const messages = (text + chunk).split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        const data = /^event: event\n(?:.*\n)*data: (.*)$/m.exec(message)?.[1];
        if (data) this.entries.push(JSON.parse(data) as Entry);
      }
    }
  }

  async has(count: number): Promise<void> {
    while (this.entries.length < count) await new Promise(setImmediate);
  }
}

describe('the feed of all events', () => {
  it('lists them in their order, in pages, of one type or object', async () => {
    for (const id of ['a', 'b', 'c-a']) await create('Feed', id);
    await create('Other', 'a');
    const { body } = await perdure.api.get('/api/v1/events?objectType=Feed&limit=2').expect(200);
    expect(body.items.map(({ objectId }: Entry) => objectId)).toEqual(['a', 'b']);
    const rest = await perdure.api.get(`/api/v1/events?objectType=Feed&cursor=${body.next}`).expect(200);
    expect(rest.body.items.map(({ objectId }: Entry) => objectId)).toEqual(['c-a']);
    const one = await perdure.api.get('/api/v1/events?objectType=Feed&objectId=a').expect(200);
    expect(one.body.items).toHaveLength(1);
    const back = await perdure.api.get('/api/v1/events?objectType=Feed&order=desc').expect(200);
    expect(back.body.items.map(({ objectId }: Entry) => objectId)).toEqual(['c-a', 'b', 'a']);
    const typed = await perdure.api.get('/api/v1/events?types=Other.created&types=Feed.none').expect(200);
    expect(typed.body.items).toMatchObject([{ type: 'Other.created', stream: 'main.Other-a', objectType: 'Other' }]);
  });

  it('finds one by its id', async () => {
    await create('Found', 'a');
    const { body } = await perdure.api.get('/api/v1/events?objectType=Found').expect(200);
    const { id } = body.items[0] as Entry;
    expect((await perdure.api.get(`/api/v1/events/${id}`).expect(200)).body).toEqual(body.items[0]);
    const missing = await perdure.api.get('/api/v1/events/00000000-0000-7000-8000-000000000000').expect(404);
    expect(missing.body).toMatchObject({ code: 'event-not-found' });
  });

  it('gives everything after a position and then what comes, each once', async () => {
    const from = await create('Live', '0');
    for (let i = 1; i <= 20; i++) await create('Live', String(i));
    const follower = new Follower(`objectType=Live&cursor=${from}`);
    const writing = Promise.all(Array.from({ length: 20 }, (_, i) => create('Live', String(21 + i))));
    await follower.has(40);
    await writing;
    expect(follower.entries.map(({ objectId }) => Number(objectId)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    follower.leaving.abort();

    const last = follower.entries[29]!.position;
    const again = new Follower('objectType=Live', { 'last-event-id': last });
    await again.has(10);
    expect(again.entries.map(({ id }) => id)).toEqual(follower.entries.slice(30).map(({ id }) => id));
    again.leaving.abort();
    const open = async () => (await perdure.api.get('/metrics').expect(200)).text;
    await perdure.eventually(open, (metrics) => /^perdure_event_streams 0$/m.test(metrics));
  });

  it('says what is wrong before it begins', async () => {
    const position = await perdure.api.get('/api/v1/events/live?cursor=yesterday').expect(400);
    expect(position.body).toMatchObject({ code: 'invalid-cursor' });
    await perdure.api.get('/api/v1/events?objectId=a').expect(400);
  });

  it('ends when the server does', async () => {
    const other = await PerdureServer.start();
    const response = await fetch(`${other.url}/api/v1/events/live`);
    const ended = response.text();
    await other.stop();
    expect(await ended).toMatch(/^event: position\n/);
  });
});
