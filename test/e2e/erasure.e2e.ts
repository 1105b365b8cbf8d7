import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Server } from '#apps/api/main';
import type { Recorded } from '#kernel/event';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SubjectKeys } from '#platform/erasure/subject-keys';
import { ApiClient, type ApiAnswer } from '#test/support/api-client';
import { placesOf } from '#test/support/bytes-on-disk';

const EMAIL = 'ada.lovelace@analytical.example';
const NAME = 'Augusta Ada King-Noel';
const STREET = 'Zwölf-Apostel-Straße №12';
const PHONE = '+44 20 7946 0018 ext 42';
const PLAIN_WORDS = [EMAIL, NAME, STREET, PHONE, 'Augusta Ada', '7946 0018'];

const customer = {
  type: 'object',
  'x-subject': 'person',
  properties: {
    person: { type: 'string' },
    plan: { type: 'string' },
    email: { type: 'string', format: 'email', 'x-personal': true },
    name: { type: 'string', minLength: 2, 'x-personal': true },
    address: { type: 'object', 'x-personal': true },
    phones: {
      type: 'array',
      items: { type: 'object', properties: { number: { type: 'string', 'x-personal': true } } },
    },
  },
};

let folder: string;
let server: Server;
let api: ApiClient;

const start = async (data = folder, more: Record<string, string> = {}) => {
  server = await serve({
    ...{ PORT: '0', PERDURE_DATA: data, PERDURE_LOG: 'off', PERDURE_SNAPSHOT_EVERY: '2' },
    ...more,
  });
  api = new ApiClient(server.url);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-erasure-'));
  await start();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const things = '/api/v1/things/Customer';
const get = async (path: string) => (await api.send('GET', path)).body;
const erase = (id: string) =>
  api.send('DELETE', `/api/v1/subjects/${id}`, undefined, { 'perdure-reason': 'asked for' });
const done = (answer: ApiAnswer) => {
  if (answer.status >= 300) throw new Error(JSON.stringify(answer));
  return answer.body;
};
const send = async (method: string, path: string, body?: object, headers?: Record<string, string>) =>
  done(await api.send(method, path, body, headers));

async function listed(where: (items: Record<string, unknown>[]) => boolean): Promise<Record<string, unknown>[]> {
  for (const deadline = performance.now() + 10_000; ;) {
    const { items } = (await get(things)) as { items: Record<string, unknown>[] };
    if (where(items)) return items;
    if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(items)} after 10 s.`);
  }
}

/** Every way to ask for what was written. */
const ASKED = [
  ...['/api/v1/things/Customer', '/api/v1/things/Customer/c1', '/api/v1/things/Customer/c1?revision=0'],
  ...['/api/v1/things/Customer/c1/history', '/api/v1/things/Customer/c1/history?order=desc'],
  ...['/data/collections/Customer', '/data/collections/Customer/c1', '/api/v1/nouns/Customer/first'],
  '/api/v1/things/Order/o1/relationships',
  ...['/api/v1/objects/Customer/c1', '/api/v1/objects/Customer/c1?revision=1', '/api/v1/objects/Customer/c1/history'],
  ...['/api/v1/objects/Customer/c1/diff?from=0&to=4', '/api/v1/objects/Customer/c1/blame', '/api/v1/events?limit=1000'],
];
const TAKEN_OUT = [
  '/api/v1/audit/export',
  '/api/v1/audit/export?format=csv',
  '/api/v1/audit/events?limit=1000',
  '/api/v1/backup',
];

async function textOf(path: string, body?: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const more = body && { method: 'POST', body: JSON.stringify(body), headers };
  const response = await fetch(new URL(path, server.url), more);
  const text = await response.text();
  if (!response.ok || text.includes('"errors":')) throw new Error(`${path}: ${response.status} ${text}`);
  return text;
}

/** The events of the folder's store, as they lie there at this moment. */
async function storedEvents(data: string): Promise<readonly Recorded[]> {
  const copy = await mkdtemp(join(tmpdir(), 'perdure-copy-'));
  await cp(data, copy, { recursive: true, filter: (path) => !path.endsWith('-owner') });
  const store = await SqliteEventStore.open(join(copy, 'perdure.db'));
  const { events } = await store.readAll();
  await store.close();
  await rm(copy, { recursive: true });
  return events;
}

/** Ada, in every way that a thing can be written, and somebody else beside her. */
async function writeAda(): Promise<void> {
  await send('PUT', '/api/v1/nouns/Customer', { schema: customer });
  const ada = { $id: 'c1', person: 'ada', plan: 'pro', email: EMAIL, name: NAME };
  await send('POST', things, ada, { 'idempotency-key': 'create-ada' });
  await send('PATCH', `${things}/c1`, { address: { street: STREET, city: 'Köln' } });
  await send('PATCH', `${things}/c1`, { address: { city: 'London' }, phones: [{ number: PHONE, kind: 'home' }] });
  await send('POST', `${things}/c1/verbs/called`, { data: { phones: [{ number: PHONE }] }, set: { plan: 'max' } });
  await send('PUT', `${things}/c1`, { ...(await get(`${things}/c1`)), plan: 'mini' });
  await send('POST', things, { $id: 'c2', person: 'bob', email: 'bob@example.org' });
  await send('POST', '/api/v1/things/Order', { $id: 'o1' });
  await send('PUT', '/api/v1/things/Order/o1/relationships/buyer/Customer/c1');
  await listed((items) => items.some(({ $revision }) => $revision === 4) && items.length === 2);
}

describe('personal data', () => {
  it('is read in plain as long as its key is there, and lies sealed in every file', async () => {
    await writeAda();
    const ada = await get(`${things}/c1`);
    const shown = {
      person: 'ada',
      plan: 'mini',
      email: EMAIL,
      name: NAME,
      address: { street: STREET, city: 'London' },
      phones: [{ number: PHONE, kind: 'home' }],
    };
    expect(ada).toMatchObject(shown);
    expect(ada).not.toHaveProperty('$erased');
    expect((await listed((items) => items.length === 2))[0]).toMatchObject(shown);
    const history = await get(`${things}/c1/history`);
    expect(history).toMatchObject({ items: [{ data: { data: { email: EMAIL } } }, {}, {}, {}, {}] });
    const related = await get('/api/v1/things/Order/o1/relationships');
    expect(related).toMatchObject({ items: [{ thing: { email: EMAIL } }] });
    for (const word of PLAIN_WORDS) expect([word, placesOf(word, folder)]).toEqual([word, []]);
    // The search itself finds what is there.
    expect(placesOf('bob@example.org', folder)).toEqual([]);
    expect(placesOf('Customer', folder)).not.toEqual([]);
  });

  it('is gone from every file once its subject is erased, and from copies that were made before', async () => {
    await writeAda();
    const copy = await mkdtemp(join(tmpdir(), 'perdure-copy-'));
    await cp(folder, copy, { recursive: true, filter: (path) => !/keys\.db|master\.key|-owner/.test(path) });

    const report = await erase('ada');
    expect(report).toMatchObject({
      status: 200,
      body: {
        id: 'ada',
        status: 'erased',
        things: 1,
        erasures: [{ reason: 'asked for', actor: { type: 'anonymous' }, keyIds: [expect.any(String)] }],
      },
    });
    const places = (report.body['erasures'] as { where: { place: string }[] }[])[0]!.where.map(({ place }) => place);
    expect(places).toEqual(expect.arrayContaining(['keys', 'events', 'snapshots', 'read-models', 'backups', 'memory']));

    const ada = await get(`${things}/c1`);
    expect(ada).toMatchObject({
      person: 'ada',
      plan: 'mini',
      email: null,
      address: null,
      phones: [{ number: null, kind: 'home' }],
      $erased: ['/email', '/name', '/address', '/phones/0/number'],
    });
    const [first] = (await listed((items) => items.length === 2)) as [{ $erased: string[] }];
    expect(first.$erased).toHaveLength(4);
    const history = (await get(`${things}/c1/history`)) as { items: Record<string, unknown>[] };
    expect(history.items[0]).toMatchObject({
      data: { data: { email: null } },
      $erased: ['/data/data/email', '/data/data/name'],
    });
    expect(await get(`${things}/c1?revision=1`)).toMatchObject({ email: null, address: null });
    expect(await get(`${things}/c2`)).toMatchObject({ email: 'bob@example.org' });
    for (const word of PLAIN_WORDS) expect([word, placesOf(word, folder)]).toEqual([word, []]);

    await server.close();
    for (const word of PLAIN_WORDS) expect([word, placesOf(word, folder)]).toEqual([word, []]);
    await start(copy);
    expect(await get(`${things}/c1`)).toMatchObject({ plan: 'mini', email: null, name: null });
    for (const word of PLAIN_WORDS) expect([word, placesOf(word, copy)]).toEqual([word, []]);
    await server.close();
    await rm(copy, { recursive: true });
    await start();
    expect(await get(`${things}/c1`)).toMatchObject({ plan: 'mini', email: null });
    expect(await get('/api/v1/subjects/ada')).toMatchObject({ status: 'erased' });
  });

  it('is in none of the answers any more, however one asks, and what is taken out never had it', async () => {
    await writeAda();
    const graphql = {
      query: '{ thing(noun: "Customer", id: "c1") { data } things(noun: "Customer") { edges { node { data } } } }',
    };
    const dryRun = { command: 'UpdateThing', fields: { noun: 'Customer', id: 'c1', patch: { plan: 'x' } } };
    const plainOf = async (): Promise<Record<string, boolean>> => {
      const texts: Record<string, string> = {};
      for (const path of ASKED) texts[path] = await textOf(path);
      texts['graphql'] = await textOf('/graphql', graphql);
      texts['dry-run'] = await textOf('/api/v1/objects/Customer/c1/dry-run', dryRun);
      return Object.fromEntries(
        Object.entries(texts).map(([path, text]) => [path, text.includes(EMAIL) || text.includes(STREET)]),
      );
    };
    const everywhere = [...ASKED, 'graphql', 'dry-run'];
    const isIn = (isThere: boolean) => Object.fromEntries(everywhere.map((path) => [path, isThere]));
    expect(await plainOf()).toEqual(isIn(true));
    const takenOut = await Promise.all(TAKEN_OUT.map((path) => textOf(path)));
    for (const text of takenOut) for (const word of PLAIN_WORDS) expect(text).not.toContain(word);

    const before = await storedEvents(folder);
    await erase('ada');
    expect(await plainOf()).toEqual(isIn(false));
    // What is stored of the past is what was stored, to the letter.
    const after = await storedEvents(folder);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length).map(({ type }) => type)).toEqual(['subject.erased']);
    await send('GET', '/api/v1/audit/heads/latest');
  });

  it('leaves a thing that can be changed, and begins anew with a new key', async () => {
    await writeAda();
    await erase('ada');
    const erased = await get(`${things}/c1`);
    await send('PATCH', `${things}/c1`, { plan: 'free' });
    expect(await send('PUT', `${things}/c1`, { ...erased, plan: 'free' })).toMatchObject({ revision: 5 });
    await send('PATCH', `${things}/c1`, { email: 'countess@analytical.example' });
    expect(await get(`${things}/c1`)).toMatchObject({ email: 'countess@analytical.example', name: null });
    expect(await get('/api/v1/subjects/ada')).toMatchObject({ status: 'active', erasures: [{}] });
    expect(placesOf('countess@', folder)).toEqual([]);
    const { body } = await erase('ada');
    expect(body).toMatchObject({ status: 'erased', erasures: [{}, {}] });
    expect(await get(`${things}/c1`)).toMatchObject({ email: null });
  });

  it('is erased once, however often and by how many it is asked for', async () => {
    await writeAda();
    const first = await fetch(new URL('/api/v1/subjects/bob', server.url), { method: 'DELETE' });
    expect(first.headers.get('perdure-position')).toMatch(/^\d+$/);
    const answers = await Promise.all([erase('ada'), erase('ada'), erase('ada')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await erase('ada')).body).toMatchObject({ erasures: [{ keyIds: [expect.any(String)] }] });
    const { items } = (await get('/api/v1/events?order=desc&limit=1')) as { items: { position: string }[] };
    const again = await fetch(new URL('/api/v1/subjects/ada', server.url), { method: 'DELETE' });
    expect(again.headers.get('perdure-position')).toBe(items[0]!.position);
    expect((await get('/api/v1/subjects/ada')) as { erasures: object[] }).toHaveProperty('erasures.length', 1);
    expect(await erase('nobody')).toMatchObject({ status: 404, body: { code: 'subject-not-found' } });
  });

  it('is recorded for whoever asks again, where its process ended with the keys', async () => {
    await writeAda();
    await server.close();
    const events = await SqliteEventStore.open(join(folder, 'perdure.db'));
    const masterKey = { file: join(folder, 'master.key') };
    const keys = new SubjectKeys({ keys: `sqlite:${join(folder, 'keys.db')}`, masterKey }, events);
    expect(await keys.destroy('main', 'ada', new Date())).toMatchObject({ now: 1 });
    await keys.onApplicationShutdown();
    await events.close();
    await start();
    expect(await get(`${things}/c1`)).toMatchObject({ email: null });
    expect(await get('/api/v1/subjects/ada')).toMatchObject({ status: 'erased', erasures: [] });
    expect(await erase('ada')).toMatchObject({ status: 200, body: { erasures: [{ keyIds: [expect.any(String)] }] } });
    expect((await erase('ada')).body).toHaveProperty('erasures.length', 1);
  });

  it('is told from data whose keys were lost, until they are back', async () => {
    await writeAda();
    await erase('ada');
    await server.close();
    const away = await mkdtemp(join(tmpdir(), 'perdure-away-'));
    const files = (await readdir(folder)).filter((name) => name.startsWith('keys.db'));
    for (const name of files) await rename(join(folder, name), join(away, name));
    await start();
    expect(await get(`${things}/c2`)).toMatchObject({ email: null });
    const { parts } = await api.readyWhen(({ status }) => status === 'degraded');
    const error = expect.stringMatching(/keys are not in .*keys\.db.* bring the keys \(keys\.db\) back/);
    expect(parts).toContainEqual({ name: 'keys', ready: false, dispensable: true, error });
    for (const id of ['ada', 'bob', 'nobody']) {
      expect(await erase(id)).toMatchObject({ status: 503, body: { code: 'keys-lost' } });
      expect(await get(`/api/v1/subjects/${id}`)).toMatchObject({ code: 'keys-lost' });
    }
    await server.close();
    for (const name of files) await rename(join(away, name), join(folder, name));
    await rm(away, { recursive: true });
    await start();
    expect(await get(`${things}/c2`)).toMatchObject({ email: 'bob@example.org' });
    expect((await api.ready()).parts).toContainEqual({ name: 'keys', ready: true, dispensable: true });
    expect(await erase('nobody')).toMatchObject({ status: 404 });
  });

  it('gives the same answer to a repeated command, and a digest that says nothing', async () => {
    await writeAda();
    const ada = { $id: 'c1', person: 'ada', plan: 'pro', email: EMAIL, name: NAME };
    const again = (body: object) => api.send('POST', things, body, { 'idempotency-key': 'create-ada' });
    expect(await again(ada)).toMatchObject({ status: 201, body: { id: 'c1', revision: 0, replayed: true } });
    expect(await again({ ...ada, email: 'other@example.org' })).toMatchObject({ status: 422 });
    await erase('ada');
    expect(await again(ada)).toMatchObject({ status: 201, body: { replayed: true } });
  });

  it('answers whoever has an older copy anew', async () => {
    await writeAda();
    const conditional = () => api.send('GET', `${things}/c1`, undefined, { 'if-none-match': '"4"' });
    expect(await conditional()).toMatchObject({ status: 304 });
    await erase('ada');
    expect(await conditional()).toMatchObject({ status: 200, body: { email: null } });
  });

  it('cannot be searched or sorted by', async () => {
    await writeAda();
    await api.send('GET', '/api/v1/nouns');
    const where = (clause: object) => `where=${encodeURIComponent(JSON.stringify(clause))}`;
    for (const query of [
      where({ email: EMAIL }),
      where({ $or: [{ plan: 'pro' }, { 'address.city': 'London' }] }),
      where({ 'phones.0.number': PHONE }),
      'sort=-email',
    ]) {
      expect([query, await api.send('GET', `${things}?${query}`)]).toMatchObject([
        query,
        { status: 400, body: { code: 'personal-field-sealed' } },
      ]);
    }
    expect(await api.send('GET', `${things}?${where({ plan: 'mini' })}`)).toMatchObject({ status: 200 });
    const { items } = (await get(`${things}?fields=plan,address.city,phones.number`)) as { items: object[] };
    expect(items[0]).toMatchObject({ address: { street: STREET, city: 'London' }, phones: [{ number: PHONE }] });
    expect(items[0]).not.toHaveProperty('email');
    expect(await get(`/api/v1/nouns/Customer/count?${where({ person: 'ada' })}`)).toEqual({ count: 1 });
  });

  it('of others cannot be read by a token that one plants', async () => {
    await writeAda();
    const planted = { $sealed: 'v1.aaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaa' };
    expect(await api.send('POST', things, { person: 'eve', note: [planted] })).toMatchObject({
      status: 422,
      body: { code: 'sealed-input', errors: [{ pointer: '/data/note/0' }] },
    });
    expect(await api.send('POST', '/api/v1/things/Note', { a: { b: planted } })).toMatchObject({ status: 422 });
    const fake = {
      command: 'RecordErasure',
      fields: { subjectId: 'ada', keyIds: ['a'], actor: { type: 'user', id: 'e' }, where: [] },
    };
    const { body } = await api.send('POST', '/api/v1/batches', { commands: [fake] });
    expect(body).toMatchObject({ results: [{ problem: { code: 'erasure-not-yours' } }] });
  });

  it('needs its master key at the start, and says so', async () => {
    await writeAda();
    await server.close();
    const other = { PERDURE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') };
    await expect(start(folder, other)).rejects.toThrow(/wrapped by another master key/);
    await expect(start(folder, { PERDURE_MASTER_KEY_FILE: join(folder, 'gone') })).rejects.toThrow(/there is none/);
    await expect(start(folder, { PERDURE_KEYS: `sqlite:${folder}/perdure.db` })).rejects.toThrow(/a file of its own/);
    await start();
    expect(await get(`${things}/c1`)).toMatchObject({ email: EMAIL });
  });
});
