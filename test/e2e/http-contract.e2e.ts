import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Module, Patch, Post, Put } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect, type AddressInfo } from 'node:net';
import supertest from 'supertest';
import { Command as CommandObject } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import { Flag, Id, Integer, JsonRecord, ListOf, Nested, Optional, Text } from '#platform/commands/fields';
import { readConfig } from '#platform/config/config';
import { envelopeOf, type Answer, type Envelope } from '#platform/dispatch/envelope';
import { revised } from '#platform/http/answers';
import { createHttpApp } from '#platform/http/create-http-app';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { defineProblems } from '#platform/http/problem-catalogue';

defineProblems({
  'note-not-found': { kind: 'not-found', title: 'No such note', cure: 'List the notes with GET /api/v1/notes.' },
});

class NoteNotFound extends DomainError {
  constructor(id: string) {
    super('not-found', 'note-not-found', `There is no note '${id}'.`);
  }
}

class Place {
  @Text() city: string;
  @Optional(Integer({ min: 0 })) floor?: number;
}

class WriteNote extends CommandObject {
  @Optional(Id()) noteId?: string;
  @Text({ max: 20 }) title: string;
  @Optional(Integer({ min: 1, max: 5 })) weight?: number;
  @Optional(ListOf(Text({ max: 5 }), { max: 3 })) tags?: string[];
  @Optional(Nested(Place)) place?: Place;
}

class ReplaceNote extends CommandObject {
  @Id() noteId: string;
  @JsonRecord() data: object;
}

class RemoveNote extends CommandObject {
  @Id() noteId: string;
}

class NoteById {
  @Id() noteId: string;
}

class ListNotes extends PageParameters {
  @Optional(Flag()) done?: boolean;
  @Optional(ListOf(Text(), { max: 2 })) tag?: string[];
}

class Note {
  @Id() id: string;
  @Text() title: string;
}

/** Answers with what reached it, so that the tests see it. */
interface Seen {
  command?: CommandObject;
  envelope?: Envelope;
}

const seen: Seen = {};

function done(command: CommandObject & { noteId?: string }, created: boolean): Answer {
  seen.command = command;
  seen.envelope = envelopeOf(command);
  if (command.noteId === 'broken') throw new Error('a secret of the inside');
  if (command.noteId === 'missing') throw new NoteNotFound('missing');
  if (command.noteId === 'uncatalogued') throw new DomainError('conflict', 'never-defined', 'A conflict.');
  if (command.noteId === 'busy') throw new DomainError('unavailable', 'store-unavailable', 'Busy.');
  return { id: command.noteId ?? 'new/1', revision: 7, position: '42', created };
}

@Controller('api/v1/notes')
class NotesController {
  @Post()
  @CommandEndpoint({ summary: 'Write a note', creates: true })
  write(@Command() command: WriteNote) {
    return done(command, true);
  }

  @Put(':noteId')
  @CommandEndpoint({ summary: 'Replace a note', creates: true, batch: true })
  replace(@Command({ body: 'data' }) command: ReplaceNote) {
    return done(command, command.noteId === 'fresh');
  }

  @Patch(':noteId')
  @CommandEndpoint({ summary: 'Change a note', errors: ['note-not-found'] })
  async change(@Command() command: WriteNote) {
    return done(command, false);
  }

  @Delete(':noteId')
  @CommandEndpoint({ summary: 'Remove a note', errors: ['note-not-found'] })
  remove(@Command() command: RemoveNote) {
    return done(command, false);
  }

  @Get()
  @QueryEndpoint({ summary: 'List the notes', answer: Note, paged: true })
  list(@Parameters() { limit, cursor, done, tag }: ListNotes): PageOf<Note> {
    const title = JSON.stringify({ limit, cursor, done, tag });
    return { items: [{ id: 'a', title }], ...(cursor === undefined && { next: 'b&c' }) };
  }

  @Get(':noteId')
  @QueryEndpoint({ summary: 'Read a note', answer: Note, revised: true, errors: ['note-not-found'] })
  read(@Parameters() { noteId }: NoteById) {
    if (noteId === 'missing') throw new NoteNotFound(noteId);
    return revised({ id: noteId, title: 'a' }, 3);
  }
}

@Module({ controllers: [NotesController] })
class NotesModule {}

const start = async (environment: Record<string, string> = {}) => {
  const app = await createHttpApp(NotesModule, readConfig({ PERDURE_LOG: 'off', ...environment }));
  await app.listen(0, '127.0.0.1');
  return app;
};

let app: NestFastifyApplication;
const http = () => supertest(app.getHttpServer());
const problem = (status: number, code: string) => ({ status, code, type: `/problems/${code}` });

beforeAll(async () => {
  app = await start({ PERDURE_MAX_BODY_BYTES: '2048', ALLOWED_ORIGINS: 'https://app.example.com' });
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
    expect(answer.body.code).toBe(status === 412 ? 'precondition-failed' : 'invalid-header');
    if (status === 400) expect(answer.body.errors[0].pointer).toBe(`/headers/${name.toLowerCase()}`);
  });

  it.each([
    ['If-Match', '*', 'exists'],
    ['If-None-Match', '*', 'none'],
    ['If-Match', '"0"', 0],
  ])('understands %s: %s', async (name, value, expected) => {
    await http().delete('/api/v1/notes/a').set(name, value).expect(200);
    expect(seen.envelope?.expected).toBe(expected);
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
    expect(answer.body.errors).toEqual([
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
    expect(answer.body.errors).toEqual([
      { pointer: '/noteId', detail: 'Differs from the URL, which says "a". Leave it out of the body.' },
    ]);
  });

  it.each([['[]'], ['"text"'], ['7'], ['null'], ['']])('refuses the body %s', async (body) => {
    const answer = await http().post('/api/v1/notes').set('Content-Type', 'application/json').send(body).expect(400);
    expect(answer.body.code).toBe('invalid-input');
  });

  it('points at the path where an id is refused', async () => {
    const answer = await http()
      .delete(`/api/v1/notes/${'x'.repeat(201)}`)
      .expect(400);
    expect(answer.body.errors[0].pointer).toBe('/path/noteId');
  });
});

describe('a query', () => {
  it('reads typed parameters', async () => {
    const answer = await http().get('/api/v1/notes?limit=2&done=true&tag=x&tag=y&cursor=c').expect(200);
    const read = { limit: 2, cursor: 'c', done: true, tag: ['x', 'y'] };
    expect(JSON.parse(answer.body.items[0].title)).toEqual(read);
    expect(answer.headers).not.toHaveProperty('link');
  });

  it('links to the next page', async () => {
    const answer = await http().get('/api/v1/notes?done=false').expect(200);
    expect(JSON.parse(answer.body.items[0].title)).toMatchObject({ limit: 100 });
    expect(answer.headers['link']).toBe('</api/v1/notes?done=false&cursor=b%26c>; rel="next"');
  });

  it('refuses what it does not know', async () => {
    const answer = await http().get('/api/v1/notes?limit=0&offset=3&done=maybe').expect(400);
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/query/done',
      '/query/limit',
      '/query/offset',
    ]);
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
    expect(answer.body.instance).toContain('#');
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
    if (status === 413) expect(answer.body.detail).toContain('2048');
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
    expect(all.body.items.map(({ code }: { code: string }) => code)).toContain('rate-limited');
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
    const limited = await start({ PERDURE_RATE_LIMIT: '2/min' });
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
    const { body } = await http().get('/openapi.json').expect(200);
    expect(body.openapi).toBe('3.1.0');
    const patch = body.paths['/api/v1/notes/{noteId}'].patch;
    expect(patch.requestBody.content['application/json'].schema).toMatchObject({
      required: ['title'],
      additionalProperties: false,
      properties: { title: { type: 'string', minLength: 1, maxLength: 20 }, place: { $ref: expect.any(String) } },
    });
    expect(patch.requestBody.content['application/json'].schema.properties).not.toHaveProperty('noteId');
    expect(patch.parameters[0]).toMatchObject({ name: 'noteId', in: 'path', required: true });
    expect(Object.keys(patch.responses)).toEqual(
      expect.arrayContaining(['200', '400', '404', '409', '412', '413', '415', '422', '429', '500', '503', 'default']),
    );
    expect(body.paths['/api/v1/notes'].get.parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 1_000 },
    });
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, kind, name] of references) expect(body.components[kind!]).toHaveProperty([name!]);
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
