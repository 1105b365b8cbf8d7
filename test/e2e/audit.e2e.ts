import { get } from 'node:http';
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { EXPORT_FORMATS } from '#modules/audit/export/export-format';
import { verifyExport } from '#modules/audit/export/verify-export';
import type { Response } from 'supertest';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

interface Entry extends JsonObject {
  type: string;
  position: string;
}

const things = '/api/v1/things';
const events = (query: object) => perdure.api.get('/api/v1/audit/events').query(query);
/** Of everything that was stored until now: a refusal answers with no position. */
async function found(query: object): Promise<Entry[]> {
  const { headers } = await perdure.api.post(`${things}/Mark`).send({}).expect(201);
  const { body } = await events({ ...query, after: headers['perdure-position'], wait: '10s' }).expect(200);
  return body.items as Entry[];
}
const typesOf = (entries: Entry[]) => entries.map(({ type }) => type);

describe('the audit', () => {
  it('tells who did what, when, why and because of what', async () => {
    const reasoned = { 'perdure-reason': 'She moved', 'correlation-id': 'move-1' };
    await perdure.api.post(`${things}/Customer`).send({ $id: 'ada', city: 'London' }).expect(201);
    await perdure.api.patch(`${things}/Customer/ada`).set(reasoned).send({ city: 'Paris' }).expect(200);
    const history = await found({ objectType: 'Customer', objectId: 'ada' });
    expect(history).toEqual([
      expect.objectContaining({ type: 'Customer.created', revision: 0, object: { type: 'Customer', id: 'ada' } }),
      {
        ...{ id: expect.any(String), type: 'Customer.updated', stream: 'main.Customer-ada', revision: 1 },
        ...{ actor: { type: 'anonymous', id: 'anonymous' }, object: { type: 'Customer', id: 'ada' } },
        ...{ position: expect.any(String), occurredAt: expect.any(String), recordedAt: expect.any(String) },
        ...{ reason: 'She moved', correlationId: 'move-1' },
        ...{ commandId: expect.any(String), causationId: expect.any(String) },
      },
    ]);
    expect(await found({ correlationId: 'move-1' })).toEqual([history[1]]);
    expect(await found({ commandId: history[0]!['commandId'] })).toEqual([history[0]]);
    expect(await found({ text: 'paris SHE', actor: 'anonymous:anonymous' })).toEqual([history[1]]);
    expect(await found({ types: 'Customer.created', from: history[0]!['recordedAt'] })).toEqual([history[0]]);
    expect(await found({ objectType: 'Customer', actor: 'user:anonymous' })).toEqual([]);
    expect(await found({ objectType: 'Customer', tenant: 'main' })).toEqual(history);
    expect(await found({ objectType: 'Customer', tenant: 'other' })).toEqual([]);
    expect(typesOf(await found({ objectType: 'Customer', order: 'desc', clock: 'occurred' }))).toEqual([
      'Customer.updated',
      'Customer.created',
    ]);
  });

  it('is read page by page', async () => {
    const { length } = await found({ limit: 1_000 });
    const seen: string[] = [];
    for (let url: string | undefined = '/api/v1/audit/events?limit=2'; url !== undefined;) {
      const { body, headers }: Response = await perdure.api.get(url).expect(200);
      seen.push(...(body.items as Entry[]).map(({ position }) => position));
      url = /<(.*)>; rel="next"/.exec(headers['link'] ?? '')?.[1];
    }
    expect(seen).toHaveLength(length);
    expect(seen.map(Number)).toEqual(seen.map(Number).toSorted((a, b) => a - b));
    await events({ cursor: 'other' }).expect(400);
    await events({ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }).expect(400);
  });
});

describe('a refused command', () => {
  const refusals = (query: object = {}) => found({ refused: 'only', ...query });

  it('leaves an event with who, what and why not, and nothing of what was sent', async () => {
    await perdure.api.post(`${things}/Book`).send({ $id: 'b', title: 'One' }).expect(201);
    const sent = (status: number, request: ReturnType<typeof perdure.api.patch>) =>
      request.set({ 'perdure-reason': 'A try' }).send({ title: 'a secret' }).expect(status);
    await sent(404, perdure.api.patch(`${things}/Book/none`));
    await perdure.api.post(`${things}/Book`).send({ $id: 'b', title: 'a secret' }).expect(409);
    await sent(412, perdure.api.patch(`${things}/Book/b`).set('if-match', '"7"'));
    await perdure.api.post(`${things}/user`).send({ $id: 'u', title: 'a secret' }).expect(422);
    const left = await refusals({ text: 'book' });
    expect(left.map(({ refused, object }) => [refused, object])).toEqual([
      ['thing-not-found', { type: 'Book', id: 'none' }],
      ['thing-exists', { type: 'Book', id: 'b' }],
      ['precondition-failed', { type: 'Book', id: 'b' }],
    ]);
    expect(left[0]).toMatchObject({ type: 'audit.commandRefused', reason: 'A try', actor: { type: 'anonymous' } });
    const [reserved] = await refusals({ objectType: 'user' });
    expect(reserved).toMatchObject({ refused: expect.stringMatching(/^reserved/), object: { type: 'user', id: 'u' } });
    expect(await refusals({ text: 'secret' })).toEqual([]);
    expect(typesOf(await found({ objectType: 'Book', refused: 'without' }))).toEqual(['Book.created']);
  });

  it('leaves one for each attempt, and its later success has the same command id', async () => {
    const attempt = () => perdure.api.patch(`${things}/Late/l`).set('idempotency-key', 'late-1').send({ n: 1 });
    await attempt().expect(404);
    await attempt().expect(404);
    await perdure.api.post(`${things}/Late`).send({ $id: 'l' }).expect(201);
    const { body } = await attempt().expect(200);
    expect((await attempt().expect(200)).body).toEqual({ ...body, replayed: true });
    const [, , success] = await found({
      objectType: 'Late',
      refused: 'with',
      types: ['Late.updated', 'audit.commandRefused'],
    });
    expect(typesOf(await found({ commandId: success!['commandId'] }))).toEqual([
      'audit.commandRefused',
      'audit.commandRefused',
      'Late.updated',
    ]);
    // Refused under the key of what was done: that is still what is answered to the first.
    await perdure.api.patch(`${things}/Late/l`).set('idempotency-key', 'late-1').send({ n: 2 }).expect(422);
    expect((await attempt().expect(200)).body).toEqual({ ...body, replayed: true });
  });

  it('leaves all of many that come at once, and in batches', async () => {
    const one = (n: number) => perdure.api.patch(`${things}/Many/${n}`).send({}).expect(404);
    await Promise.all(Array.from({ length: 50 }, (_, n) => one(n)));
    const commands = Array.from({ length: 20 }, (_, n) => ({
      command: 'UpdateThing',
      fields: { noun: 'Many', id: `b${n}`, patch: {} },
    }));
    const { body } = await perdure.api.post('/api/v1/batches').send({ commands });
    expect(new Set((body.results as { status: number }[]).map(({ status }) => status))).toEqual(new Set([404]));
    const left = await refusals({ objectType: 'Many', limit: 1_000 });
    expect(new Set(left.map(({ object }) => (object as { id: string }).id)).size).toBe(70);
    expect(left).toHaveLength(70);
    expect(left[0]!['stream']).toMatch(/^main\.audit-\d{4}-\d\d-\d\d$/);
  });

  it('leaves none where it was no command', async () => {
    const { length } = await refusals({ limit: 1_000 });
    await perdure.api.patch(`${things}/Book/b`).send('[]').set('content-type', 'application/json').expect(400);
    await perdure.api.put(`${things}/1nvalid/b`).send({}).expect(400);
    await perdure.api.get(`${things}/Book/none`).expect(404);
    expect(await refusals({ limit: 1_000 })).toHaveLength(length);
  });
});

describe('the report', () => {
  const period = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };

  it('sums a period up', async () => {
    const all = await found({ limit: 1_000 });
    const read = () => perdure.api.get('/api/v1/audit/report').query({ ...period, after: all.at(-1)!.position });
    const { body } = await read().expect(200);
    const refused = all.filter((entry) => entry['refused'] !== undefined);
    expect(body).toMatchObject({ actors: 1, refused: refused.length, failed: 0, clock: 'recorded' });
    expect(body.byActor).toEqual([{ actor: { type: 'anonymous', id: 'anonymous' }, events: body.events }]);
    expect(body.byType).toContainEqual({ type: 'Customer.created', events: 1 });
    expect(body.refusals).toContainEqual({ code: 'precondition-failed', events: 1 });
    expect(body.first.position).toBe(all[0]!.position);
    const none = { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' };
    expect((await perdure.api.get('/api/v1/audit/report').query(none)).body).toMatchObject({ events: 0, byDay: [] });
    await perdure.api.get('/api/v1/audit/report').expect(400);
  });
  it('is a table, too', async () => {
    const { text, headers } = await perdure.api.get('/api/v1/audit/report').query(period).set('accept', 'text/csv');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(text).toMatch(/^what,which,value\r\n[^]*\r\ntype,Customer\.created,1\r\n/);
  });
});

describe('the export', () => {
  const exported = (query: object) => perdure.api.get('/api/v1/audit/export').query(query).buffer(true).parse(asText);
  const key = async () => createPublicKey((await perdure.api.get('/api/v1/audit/key').expect(200)).body.pem as string);
  async function* once(text: string) {
    yield text;
  }

  it.each(['ndjson', 'csv'] as const)('is verified with the public key alone, as %s', async (format) => {
    const all = await found({ limit: 1_000 });
    for (const query of [{}, { objectType: 'Book' }]) {
      const { body, headers } = await exported({ ...query, format, after: all.at(-1)!.position }).expect(200);
      expect(headers['content-type']).toBe(`${EXPORT_FORMATS[format].mediaType}; charset=utf-8`);
      const verdict = await verifyExport(once(body as string), await key(), EXPORT_FORMATS[format]);
      expect(verdict).toMatchObject({ sound: true, header: { coverage: 'objectType' in query ? 'query' : 'all' } });
      const atLeast = all.filter((e) => !('objectType' in query) || (e['object'] as { type: string }).type === 'Book');
      expect((verdict as { records: number }).records).toBeGreaterThanOrEqual(atLeast.length);
      const cut = await verifyExport(once((body as string).slice(0, -80)), await key(), EXPORT_FORMATS[format]);
      expect(cut).toMatchObject({ sound: false, problem: { code: 'truncated' } });
    }
  });

  it('waits for a slow reader, and ends when its reader leaves', async () => {
    const large = { filler: 'x'.repeat(200_000) };
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        perdure.api
          .post(`${things}/Large`)
          .send({ $id: `${n}`, ...large })
          .expect(201),
      ),
    );
    const chunks: Buffer[] = [];
    const text = await new Promise<string>((resolve, reject) => {
      get(new URL('/api/v1/audit/export', perdure.url), (response) => {
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          response.pause();
          setImmediate(() => response.resume());
        });
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', reject);
      });
    });
    expect(text.length).toBeGreaterThan(60 * 200_000);
    await expect(verifyExport(once(text), await key(), EXPORT_FORMATS.ndjson)).resolves.toMatchObject({ sound: true });

    await new Promise<void>((resolve, reject) => {
      const request = get(new URL('/api/v1/audit/export', perdure.url), (response) => {
        response.once('data', () => request.destroy());
        response.once('close', resolve);
        response.on('error', () => {});
      });
      request.on('error', reject);
    }).catch(() => {});
    await perdure.api.get('/ready').expect(200);
  });
});

function asText(response: Response, done: (error: Error | null, text: string) => void): void {
  const stream = response as unknown as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  stream.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
