import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Server } from '#apps/api/main';
import { GraphqlClient } from '#test/support/graphql-client';
import { GraphqlSocket } from '#test/support/graphql-socket';

const settings = {
  PERDURE_GRAPHQL_SLOW_SECONDS: '1',
  PERDURE_GRAPHQL_MAX_SUBSCRIPTIONS: '3',
  PERDURE_GRAPHQL_MAX_SOCKETS: '4',
};

let folder: string;
let server: Server;
let graphql: GraphqlClient;
const sockets: GraphqlSocket[] = [];

async function start(): Promise<void> {
  server = await serve({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error', ...settings });
  graphql = new GraphqlClient(server.url);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  await start();
});
afterEach(async () => {
  await Promise.all(sockets.splice(0).map((socket) => socket.close()));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function connect(headers: Record<string, string> = {}): Promise<GraphqlSocket> {
  const socket = await GraphqlSocket.open(server.url, headers);
  sockets.push(socket);
  return socket;
}

async function act(
  noun: string,
  verb: string,
  data: object = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const input = { noun, id: 'it', verb, data, create: true };
  const mutation = 'mutation ($input: ActOnThingInput!) { actOnThing(input: $input) { position } }';
  return (await graphql.send(mutation, { input }, { headers })).data.actOnThing.position as string;
}

const metric = async (name: string) =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) if (performance.now() > deadline) throw new Error('Still not so after 20 s.');
}

const EVENTS =
  'subscription ($noun: String, $after: String) { events(noun: $noun, after: $after) { type data position revision } }';

describe('a subscription to events', () => {
  it('brings what comes, from now on', async () => {
    await act('Now', 'before');
    const events = (await connect()).subscribe('subscription { events(noun: "Now") { type objectId actor { type } } }');
    await until(async () => (await metric('perdure_graphql_subscriptions')) === 1);
    await act('Now', 'later');
    expect(await events.next()).toEqual({
      events: { type: 'Now.later', objectId: 'it', actor: { type: 'anonymous' } },
    });
  });

  it('brings every event once, in order, while others are written', async () => {
    const written: string[] = [];
    for (let n = 0; n < 50; n++) written.push(await act('Busy', 'before', { n }));
    const events = (await connect()).subscribe(EVENTS, { noun: 'Busy', after: '0' });
    const writing = (async () => {
      for (let n = 0; n < 50; n++) written.push(await act('Busy', 'meanwhile', { n }));
    })();
    const seen: string[] = [];
    while (seen.length < 100) seen.push((await events.next()).events.position);
    await writing;
    expect(seen).toEqual(written);
  });

  it('goes on after a restart from the last position', async () => {
    const positions = [await act('Kept', 'one'), await act('Kept', 'two')];
    const events = (await connect()).subscribe(EVENTS, { noun: 'Kept', after: '0' });
    expect([(await events.next()).events.position]).toEqual(positions.slice(0, 1));
    const closing = server.close();
    expect(await sockets[0]!.closed).toEqual({ code: 1012, reason: 'Restarting: connect again' });
    await closing;
    await start();
    const third = await act('Kept', 'three');
    const again = (await connect()).subscribe(EVENTS, { noun: 'Kept', after: positions[0] });
    expect([(await again.next()).events.position, (await again.next()).events.position]).toEqual([positions[1], third]);
  });

  it('filters by stream, type and correlation', async () => {
    const from = await act('Lamp', 'bought');
    await act('Lamp', 'switched', {}, { 'correlation-id': 'evening' });
    await act('Lampion', 'switched', {}, { 'correlation-id': 'evening' });
    await act('Lamp', 'sold');
    const socket = await connect();
    const types = async (filter: string, count: number) => {
      const events = socket.subscribe(`subscription { events(${filter}, after: "${from}") { type } }`);
      const seen: string[] = [];
      while (seen.length < count) seen.push((await events.next()).events.type);
      events.complete();
      return seen;
    };
    expect(await types('stream: "main.Lamp-it"', 2)).toEqual(['Lamp.switched', 'Lamp.sold']);
    expect(await types('types: ["Lamp.sold", "Lampion.switched"]', 2)).toEqual(['Lampion.switched', 'Lamp.sold']);
    expect(await types('correlationId: "evening"', 2)).toEqual(['Lamp.switched', 'Lampion.switched']);
  });

  it('is refused where it asks for what cannot be', async () => {
    const socket = await connect();
    const codes = async (query: string) => {
      const { errors } = await socket.subscribe(query).refused();
      return errors.map(({ extensions }) => extensions.code);
    };
    expect(await codes('subscription { events(after: "x") { id } }')).toEqual(['invalid-input']);
    expect(await codes('subscription { events(after: "99999999") { id } }')).toEqual(['invalid-input']);
    expect(await codes('subscription { events(stream: "other.Lamp-it") { id } }')).toEqual(['invalid-input']);
    expect(await codes('subscription { nothing }')).toEqual(['graphql-invalid']);
    expect(await codes('query { nouns { edges { cursor } } }')).toEqual(['graphql-wrong-transport']);
    for (let n = 0; n < 3; n++) socket.subscribe(EVENTS);
    expect(await codes(EVENTS)).toEqual(['too-many-subscriptions']);
  });

  it('makes room when it is completed', async () => {
    const socket = await connect();
    for (let n = 0; n < 10; n++) {
      const events = socket.subscribe(EVENTS, { after: '0' });
      await events.next();
      events.complete();
    }
    await until(async () => (await metric('perdure_graphql_subscriptions')) === 0);
  });
});

describe('a socket', () => {
  it('is closed with a code of its own where its client does not read', async () => {
    const text = 'x'.repeat(500_000);
    const first = await act('Large', 'first');
    for (let n = 0; n < 60; n++) await act('Large', 'written', { text });
    const socket = await connect();
    const events = socket.subscribe(EVENTS, { noun: 'Large', after: '0' });
    expect((await events.next()).events.position).toBe(first);
    socket.stopReading();
    await until(async () => (await metric('perdure_graphql_subscriptions')) === 0);
    socket.readOn();
    expect(await socket.closed).toEqual({ code: 4413, reason: 'Read too slowly: go on from the last position' });
  });

  it('goes at the pace of a slow client', async () => {
    const socket = await connect();
    const events = socket.subscribe(EVENTS, { noun: 'Large', after: '0' });
    let last = -1;
    for (let n = 0; n < 61; n++) {
      const { revision } = (await events.next()).events as { revision: number };
      expect(revision).toBe(last + 1);
      last = revision;
      // Reads nothing for a moment, but not for too long.
      if (n % 10 === 0) await socket.pause(100);
    }
  });

  it('is refused to pages of other origins, and where there are too many', async () => {
    await expect(GraphqlSocket.open(server.url, { origin: 'https://elsewhere.example' })).rejects.toThrow(/403/);
    await connect({ origin: server.url });
    for (let n = 1; n < 4; n++) await connect();
    await expect(GraphqlSocket.open(server.url)).rejects.toThrow(/503/);
  });

  it('is not in the way of requests for other protocols', async () => {
    // As Java's HttpClient asks for HTTP/2 in the clear; fetch may not send these headers.
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const headers = {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: 'h2c',
        'http2-settings': 'AAMAAABk',
        'content-type': 'application/json',
      };
      const sent = request(`${server.url}/graphql`, { method: 'POST', headers }, (response) =>
        resolve(response.resume().statusCode),
      );
      sent.on('error', reject).end('{"query":"{ __typename }"}');
    });
    expect(status).toBe(200);
  });
});
