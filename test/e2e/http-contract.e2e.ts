import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect, type AddressInfo } from 'node:net';
import supertest from 'supertest';
import { readConfig } from '#platform/config/config';
import { createHttpApp } from '#platform/http/create-http-app';
import type { PageOf } from '#platform/http/paging';
import type { Problem } from '#platform/http/problem';
import { drain } from '#platform/http/drain';
import { QueryEndpoint } from '#platform/http/endpoint';
import { seen, slow, startNotes, WriteNote } from '#test/support/notes-app';

/** As much of an OpenAPI document as the tests look at. */
interface OpenApi {
  openapi: string;
  components: Record<string, object>;
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  parameters: object[];
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
  responses: object;
}

let app: NestFastifyApplication;
const http = () => supertest(app.getHttpServer());
const pointers = (body: unknown) => (body as Problem).errors?.map(({ pointer }) => pointer);
/** The first item's title, in which the test's controller says what reached it. */
const titleOf = (body: unknown) => JSON.parse((body as PageOf<{ title: string }>).items[0]!.title) as object;
const problem = (status: number, code: string) => ({ status, code, type: `/problems/${code}` });

beforeAll(async () => {
  app = await startNotes({ PERDURE_MAX_BODY_BYTES: '2048', ALLOWED_ORIGINS: 'https://app.example.com' });
});
afterAll(() => app.close());

describe('a command', () => {
  it('that creates answers 201 with where the object is and stands', async () => {
    const answer = await http().post('/api/v1/notes').send({ title: 'Milk' }).expect(201);
    expect(answer.body).toEqual({ id: 'new/1', revision: 7, position: '42' });
    expect(answer.headers).toMatchObject({
      etag: '"7"',
      location: '/api/v1/notes/new%2F1',
      'perdure-position': '42',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(seen.command).toBeInstanceOf(WriteNote);
    expect(seen.command).toEqual({ title: 'Milk' });
  });

  it('that creates at its own URL names that URL', async () => {
    const answer = await http()
      .put('/api/v1/notes/fresh')
      .send({ any: ['thing', 1] })
      .expect(201);
    expect(answer.headers['location']).toBe('/api/v1/notes/fresh');
    expect(seen.command).toEqual({ noteId: 'fresh', data: { any: ['thing', 1] } });
  });

  it('that changes answers 200', async () => {
    const answer = await http().patch('/api/v1/notes/a%2Fb%20c').send({ title: 'x', noteId: 'a/b c' }).expect(200);
    expect(answer.headers).toMatchObject({ etag: '"7"' });
    expect(answer.headers).not.toHaveProperty('location');
    expect(seen.command).toEqual({ title: 'x', noteId: 'a/b c' });
  });

  it('takes its conditions and reasons from headers', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await http()
      .delete('/api/v1/notes/a')
      .set({
        'Idempotency-Key': '"a \\" key"'.replace(' ', '').replace(' ', ''),
        'If-Match': '"12"',
        'Correlation-Id': 'order-1',
        traceparent: trace,
        'Perdure-Reason': 'tidying up',
        'Perdure-Occurred-At': '2026-01-31T10:30:00+01:00',
      })
      .expect(200);
    expect(seen.envelope).toEqual({
      tenant: 'main',
      actor: { type: 'anonymous', id: 'anonymous' },
      idempotencyKey: 'a"key',
      expected: 12,
      correlationId: 'order-1',
      traceparent: trace,
      reason: 'tidying up',
      occurredAt: '2026-01-31T09:30:00.000Z',
    });
    expect(answer.headers['traceparent']).toBe(trace);
  });

  it.each([
    ['Idempotency-Key', 'has space', 400],
    ['Idempotency-Key', '"unclosed', 400],
    ['Idempotency-Key', 'x'.repeat(256), 400],
    ['If-Match', '7', 400],
    ['If-Match', '"7", "8"', 400],
    ['If-Match', 'W/"7"', 412],
    ['If-Match', '"abc"', 412],
    ['If-None-Match', '"7"', 400],
    ['Correlation-Id', 'a b', 400],
    ['Perdure-Occurred-At', '2026-02-30T00:00:00Z', 400],
    ['Perdure-Occurred-At', 'yesterday', 400],
  ])('refuses %s: %s with %d', async (name, value, status) => {
    const answer = await http().delete('/api/v1/notes/a').set(name, value).expect(status);
    expect(answer.body).toMatchObject({ code: status === 412 ? 'precondition-failed' : 'invalid-header' });
    if (status === 400) expect(pointers(answer.body)).toEqual([`/headers/${name.toLowerCase()}`]);
  });

  it.each([
    ['If-Match', '*', 'exists'],
    ['If-None-Match', '*', 'none'],
    ['If-Match', '"0"', 0],
  ])('understands %s: %s', async (name, value, expected) => {
    await http().delete('/api/v1/notes/a').set(name, value).expect(200);
    expect(seen.envelope?.expected).toBe(expected);
  });

  it('refuses conditions that nothing can meet', async () => {
    await http().delete('/api/v1/notes/a').set({ 'If-Match': '"7"', 'If-None-Match': '*' }).expect(412);
  });

  it('ignores an invalid traceparent', async () => {
    const answer = await http().delete('/api/v1/notes/a').set('traceparent', '00-0-0-0').expect(200);
    expect(answer.headers).not.toHaveProperty('traceparent');
  });

  it('says everything that is wrong with its input at once', async () => {
    const answer = await http()
      .post('/api/v1/notes')
      .send({ weight: 9, tags: ['ok', 'too long'], place: { city: '', planet: 'Mars' }, colour: 'red' })
      .expect(400);
    expect(answer.body).toMatchObject(problem(400, 'invalid-input'));
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect((answer.body as Problem).errors).toEqual([
      { pointer: '/title', detail: 'Is required.' },
      { pointer: '/weight', detail: 'Must be a whole number from 1 to 5.' },
      { pointer: '/tags/1', detail: 'Must be text of 1 to 5 characters.' },
      { pointer: '/place/city', detail: 'Must be text of 1 to 1000 characters.' },
      { pointer: '/place/planet', detail: 'Is not known. Known: city, floor.' },
      { pointer: '/colour', detail: 'Is not known. Known: noteId, title, weight, tags, place.' },
    ]);
  });

  it('refuses a body that contradicts the URL', async () => {
    const answer = await http().patch('/api/v1/notes/a').send({ noteId: 'b', title: 'x' }).expect(400);
    expect((answer.body as Problem).errors).toEqual([
      { pointer: '/noteId', detail: 'Differs from the URL, which says "a". Leave it out of the body.' },
    ]);
  });

  it.each([['[]'], ['"text"'], ['7'], ['null'], ['']])('refuses the body %s', async (body) => {
    const answer = await http().post('/api/v1/notes').set('Content-Type', 'application/json').send(body).expect(400);
    expect(answer.body).toMatchObject({ code: 'invalid-input' });
  });

  it('points at the path where an id is refused', async () => {
    const answer = await http()
      .delete(`/api/v1/notes/${'x'.repeat(201)}`)
      .expect(400);
    expect(pointers(answer.body)).toEqual(['/path/noteId']);
  });
});

describe('a query', () => {
  it('reads typed parameters', async () => {
    const answer = await http().get('/api/v1/notes?limit=2&done=true&tag=x&tag=y&cursor=c').expect(200);
    const read = { limit: 2, cursor: 'c', done: true, tag: ['x', 'y'] };
    expect(titleOf(answer.body)).toEqual(read);
    expect(answer.headers).not.toHaveProperty('link');
  });

  it('links to the next page', async () => {
    const answer = await http().get('/api/v1/notes?done=false').expect(200);
    expect(titleOf(answer.body)).toMatchObject({ limit: 100 });
    expect(answer.headers['link']).toBe('</api/v1/notes?done=false&cursor=b%26c>; rel="next"');
  });

  it('refuses what it does not know', async () => {
    const answer = await http().get('/api/v1/notes?limit=0&offset=3&done=maybe').expect(400);
    expect(pointers(answer.body)).toEqual(['/query/done', '/query/limit', '/query/offset']);
  });

  it('answers with an ETag, and 304 to who has it', async () => {
    const answer = await http().get('/api/v1/notes/a').expect(200);
    expect(answer.headers['etag']).toBe('"3"');
    const again = await http().get('/api/v1/notes/a').set('If-None-Match', '"1", W/"3"').expect(304);
    expect(again.text).toBe('');
    expect(again.headers).not.toHaveProperty('content-type');
    await http().get('/api/v1/notes/a').set('If-None-Match', '"4"').expect(200);
    await http().head('/api/v1/notes/a').expect(200);
  });
});

describe('every problem has one form', () => {
  it.each([
    ['a domain error', 'patch', '/api/v1/notes/missing', 404, 'note-not-found'],
    ['something unavailable', 'patch', '/api/v1/notes/busy', 503, 'store-unavailable'],
    ['an unknown URL', 'get', '/api/v2/notes', 404, 'route-not-found'],
    ['an empty part of a URL', 'get', '/api/v1/notes//', 404, 'route-not-found'],
    ['another method', 'put', '/api/v1/notes', 405, 'method-not-allowed'],
    ['a malformed URL', 'get', '/api/v1/notes/%E0%A4%A', 400, 'malformed-url'],
    ['an over-long part', 'get', `/api/v1/notes/${'x'.repeat(2_001)}`, 414, 'url-too-long'],
  ] as const)('%s', async (_, method, url, status, code) => {
    const answer = await http()
      [method](url)
      .send(method === 'get' ? undefined : { title: 'x' })
      .expect(status);
    expect(answer.body).toMatchObject(problem(status, code));
    expect((answer.body as Problem).instance).toContain('#');
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    if (status === 405) expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS, POST');
    if (status === 503) expect(answer.headers['retry-after']).toBe('1');
  });

  it.each([
    ['broken JSON', 'application/json', '{"title":', 400, 'malformed-json'],
    ['broken UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22]), 400, 'malformed-json'],
    ['a poisoned key', 'application/json', '{"title":"a","__proto__":{"x":1}}', 400, 'malformed-json'],
    ['a large body', 'application/json', JSON.stringify({ title: 'x'.repeat(3_000) }), 413, 'body-too-large'],
    ['another media type', 'text/plain', 'hello', 415, 'unsupported-media-type'],
    ['a form', 'application/x-www-form-urlencoded', 'title=x', 415, 'unsupported-media-type'],
  ])('%s', async (_, type, body, status, code) => {
    const request = http().post('/api/v1/notes').set('Content-Type', type);
    request.serialize((value: unknown) => value as string);
    const answer = await request.send(body).expect(status);
    expect(answer.body).toMatchObject(problem(status, code));
    if (status === 413) expect((answer.body as Problem).detail).toContain('2048');
  });

  it('says which key is poisoned, and that it is not the JSON', async () => {
    const answer = await http().post('/api/v1/notes').type('json').send('{"title":"a","__proto__":{"x":1}}');
    expect((answer.body as Problem).detail).toMatch(/^The body has a key '__proto__'.*Rename it\.$/);
  });

  it('a packed body', async () => {
    const answer = await http().post('/api/v1/notes').set('Content-Encoding', 'gzip').send({ title: 'x' }).expect(415);
    expect(answer.body).toMatchObject(problem(415, 'unsupported-media-type'));
    expect((answer.body as Problem).detail).toBe('The body has a Content-Encoding. Send it as it is.');
  });

  it('a request that does not come to its end', async () => {
    const hurried = await startNotes({ PERDURE_REQUEST_SECONDS: '1' });
    try {
      const headers = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 9';
      const answer = await raw(hurried, `POST /api/v1/notes HTTP/1.1\r\n${headers}\r\n\r\n{`);
      expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n.*"code":"request-timeout"/s);
    } finally {
      await hurried.close();
    }
  });

  it('a batch may be larger', async () => {
    await http()
      .put('/api/v1/notes/a')
      .send({ text: 'x'.repeat(3_000) })
      .expect(200);
  });

  it('nothing of the inside is told', async () => {
    const answer = await http().patch('/api/v1/notes/broken').send({ title: 'x' }).expect(500);
    expect(answer.body).toMatchObject(problem(500, 'internal-error'));
    expect(answer.text).not.toContain('secret');
  });

  it('a code that nobody defined keeps its status', async () => {
    const answer = await http().patch('/api/v1/notes/uncatalogued').send({ title: 'x' }).expect(409);
    expect(answer.body).toMatchObject({ status: 409, code: 'never-defined', type: 'about:blank' });
  });

  it.each([
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['what is not HTTP', 'HELLO\r\n\r\n', 400],
  ])('%s', async (_, request, status) => {
    const answer = await raw(app, request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\\r\\nContent-Type: application/problem\\+json`));
  });

  it('its type leads to its explanation', async () => {
    const answer = await http().get('/problems/note-not-found').expect(200);
    expect(answer.body).toMatchObject({ status: 404, cure: 'List the notes with GET /api/v1/notes.' });
    await http().get('/problems/nothing').expect(404);
    const all = await http().get('/problems').expect(200);
    expect(all.text).toContain('"code":"rate-limited"');
  });

  it('an endpoint whose problem nobody defined stops the start', async () => {
    @Controller('x')
    class Careless {
      @Get()
      @QueryEndpoint({ summary: 'x', answer: {}, errors: ['not-defined'] })
      read() {
        return {};
      }
    }
    @Module({ controllers: [Careless] })
    class CarelessModule {}
    await expect(createHttpApp(CarelessModule, readConfig({ PERDURE_LOG: 'off' }))).rejects.toThrow(
      "GET /x may answer with the problem 'not-defined'",
    );
  });
});

describe('every answer', () => {
  it('carries its request id, the quota and security headers', async () => {
    const answer = await http().get('/health').set('X-Request-Id', 'mine').expect(200);
    expect(answer.headers).toMatchObject({
      'x-request-id': 'mine',
      'ratelimit-policy': '"default";q=600000;w=60',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(answer.headers['ratelimit']).toMatch(/^"default";r=\d+;t=\d+$/);
  });

  it('lets allowed origins read it', async () => {
    const origin = 'https://app.example.com';
    const allowed = await http().get('/health').set('Origin', origin);
    expect(allowed.headers['access-control-allow-origin']).toBe(origin);
    const preflight = await http()
      .options('/api/v1/notes')
      .set({ Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'if-match' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('if-match');
    const other = await http().get('/health').set('Origin', 'https://evil.example');
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('is refused beyond the quota', async () => {
    const limited = await startNotes({ PERDURE_RATE_LIMIT: '2/min' });
    const client = supertest(limited.getHttpServer());
    await client.get('/health').expect(200);
    const options = await client.options('/api/v1/notes').expect(204);
    expect(options.headers['allow']).toBe('GET, HEAD, OPTIONS, POST');
    const answer = await client.get('/health').expect(429);
    expect(answer.body).toMatchObject(problem(429, 'rate-limited'));
    expect(answer.headers).toMatchObject({ ratelimit: expect.stringContaining('r=0'), 'retry-after': '30' });
    await limited.close();
  });
});

describe('what describes the API', () => {
  it('is an OpenAPI 3.1 document made from the routes', async () => {
    const answer = await http().get('/openapi.json').expect(200);
    const { paths, openapi, components } = answer.body as OpenApi;
    expect(openapi).toBe('3.1.0');
    const patch = paths['/api/v1/notes/{noteId}']!['patch']!;
    const { schema } = patch.requestBody!.content['application/json']!;
    expect(schema).toMatchObject({
      required: ['title'],
      additionalProperties: false,
      properties: { title: { type: 'string', minLength: 1, maxLength: 20 }, place: { $ref: expect.any(String) } },
    });
    expect(schema['properties']).not.toHaveProperty('noteId');
    expect(patch.parameters[0]).toMatchObject({ name: 'noteId', in: 'path', required: true });
    expect(Object.keys(patch.responses)).toEqual(
      expect.arrayContaining(['200', '400', '404', '409', '412', '413', '415', '422', '429', '500', '503', 'default']),
    );
    const limit = {
      name: 'limit',
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 1_000 },
    };
    expect(paths['/api/v1/notes']!['get']!.parameters).toContainEqual(limit);

    const references = [...answer.text.matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, kind, name] of references) expect(components[kind!]).toHaveProperty([name!]);
  });

  it('can be browsed without a network', async () => {
    const page = await http().get('/reference').expect(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) await http().get(new URL(link, 'http://x/reference').pathname).expect(200);
  });
});

describe('what operators ask', () => {
  it('health, readiness and metrics', async () => {
    await http().get('/health').expect(200, { status: 'alive' });
    await http().get('/ready').expect(200, { status: 'ready', parts: [], projections: [] });
    const { text } = await http().get('/metrics').expect(200);
    expect(text).toContain('perdure_http_request_duration_seconds_count{method="GET",route="/health",status="200"}');
    expect(text).toContain('route="unmatched"');
    expect(text).not.toContain('/api/v2/notes');
  });
});

describe('a shutdown', () => {
  it('answers what was accepted and takes nothing new', async () => {
    const draining = await startNotes();
    const client = supertest(draining.getHttpServer());
    const accepted = client.patch('/api/v1/notes/slow').send({ title: 'x' }).then();
    await slow.arrived;
    const end = drain(draining);
    slow.finish();
    expect((await accepted).status).toBe(200);
    await end;
    expect(draining.getHttpServer().listening).toBe(false);
  });
});

function raw(application: NestFastifyApplication, request: string): Promise<string> {
  const { port } = application.getHttpServer().address() as AddressInfo;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
