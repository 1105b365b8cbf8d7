import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { BatchClient } from './batch-client.js';

type Turn = (response: ServerResponse, commands: number[]) => void;

let server: Server | undefined;
let client: BatchClient | undefined;

/** A server that answers each request by the next turn, and a client of it. */
async function talk(turns: Turn[], waitMs = 10_000) {
  const requests: number[][] = [];
  const said: string[] = [];
  server = createServer((request, response) => {
    void json(request).then((body) => {
      const { commands } = body as { commands: number[] };
      requests.push(commands);
      turns.shift()!(response, commands);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client = new BatchClient({ url, waitMs, onWaiting: (why) => said.push(why) });
  return { client, requests, said };
}

afterEach(() => {
  client?.close();
  server?.close();
  server?.closeAllConnections();
});

const answer =
  (status: number, body: unknown, headers = {}): Turn =>
  (response) =>
    response.writeHead(status, headers).end(JSON.stringify(body));
const done: Turn = (response, commands) =>
  answer(200, { results: commands.map(() => ({ status: 200 })) })(response, commands);
const breakOff: Turn = (response) => response.destroy();
const busy = { status: 503, problem: { code: 'store-unavailable', title: 'Busy', detail: 'Too many writes.' } };
const refused = { status: 422, problem: { code: 'invalid-input', title: 'Bad' } };

describe('BatchClient', () => {
  it('sends again when the connection breaks or the server is busy, and says so once', async () => {
    const { client, requests, said } = await talk([
      breakOff,
      answer(503, {}, { 'retry-after': '0' }),
      answer(429, {}),
      done,
    ]);
    expect(await client.send(['1', '2'])).toEqual([{ status: 200 }, { status: 200 }]);
    expect(requests).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(said).toEqual([expect.stringMatching(/cannot take rows now: ECONNRESET. Trying for 10 s more.$/)]);
  });

  it('repeats only the commands that a retry can mend, and keeps the order of the results', async () => {
    const { client, requests } = await talk([
      answer(200, { results: [{ status: 201 }, busy, refused, busy] }),
      answer(200, { results: [{ status: 200 }, busy] }),
      answer(200, { results: [{ status: 200, replayed: true }] }),
    ]);
    expect(await client.send(['1', '2', '3', '4'])).toEqual([
      { status: 201 },
      { status: 200 },
      refused,
      { status: 200, replayed: true },
    ]);
    expect(requests).toEqual([[1, 2, 3, 4], [2, 4], [4]]);
  });

  it('gives up after its time and says that another run resumes', async () => {
    const { client } = await talk([answer(503, {})], 0);
    await expect(client.send(['1'])).rejects.toThrow(/did not come back within 0 s.*run the same import again/);
  });

  it('finds the one command for which a whole request is refused', async () => {
    const tooLarge: Turn = (response, commands) =>
      commands.includes(3)
        ? answer(413, { code: 'body-too-large', title: 'Too large' })(response, commands)
        : done(response, commands);
    const { client } = await talk(Array.from({ length: 9 }, () => tooLarge));
    expect(await client.send(['1', '2', '3', '4', '5'])).toEqual([
      { status: 200 },
      { status: 200 },
      { status: 413, problem: { code: 'body-too-large', title: 'Too large' } },
      { status: 200 },
      { status: 200 },
    ]);
  });

  it('says so where it does not talk to a Perdure server', async () => {
    const { client } = await talk([answer(404, 'nothing here')]);
    await expect(client.send(['1'])).rejects.toThrow(/refuses the import: it answers 404 Is this a Perdure server/);
  });
});
