import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAnswer } from '#test/support/api-client';
import { Apart, type ApartApi } from '#test/support/apart';
import { engineSuite } from '#test/support/engines/engine-suite';
import { EXPORT_FORMATS } from '#modules/audit/export/export-format';
import { verifyExport } from '#modules/audit/export/verify-export';
import { verifySignedHead } from '#modules/audit/heads/signed-head';
import { verifyStore } from '#modules/audit/verify/verify-store';
import { verifyConsistency, verifyInclusion } from '#platform/merkle/verify-proofs';
import { GraphqlClient } from '#test/support/graphql-client';
import { GraphqlSocket } from '#test/support/graphql-socket';

const THINGS = '/api/v1/things';
const PROJECTS = '/api/v1/projects';
const bytes = (base64: unknown) => Buffer.from(base64 as string, 'base64');
const all = (hashes: unknown) => (hashes as string[]).map(bytes);
const itemsOf = (body: ApiAnswer['body']) => body['items'] as Record<string, unknown>[];

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    let apart: Apart;
    let one: ApartApi;
    let other: ApartApi;
    beforeAll(async () => {
      apart = await Apart.start(documents(), jobs(), { PERDURE_AUDIT_EVERY: '1' });
      [one, other] = apart.apis as [ApartApi, ApartApi];
    }, 120_000);
    afterAll(() => apart.end(), 60_000);

    describe('the past of an object, at an API that has no part in what workers do', () => {
      it('is told of a thing that another API changed', async () => {
        await one.done('POST', `${THINGS}/Parcel`, { $id: 'p', place: 'depot' });
        const why = { 'perdure-reason': 'it rained', 'correlation-id': 'rain' };
        await one.done('PATCH', `${THINGS}/Parcel/p`, { place: 'door' }, why);
        const past = '/api/v1/objects/Parcel/p';
        expect(await other.get(`${past}?revision=0`)).toMatchObject({ state: { data: { place: 'depot' } } });
        const history = itemsOf(await other.get(`${past}/history`));
        expect(history).toMatchObject([{ type: 'Parcel.created' }, { type: 'Parcel.updated', reason: 'it rained' }]);
        const asOf = await other.get(`${past}?at=${history[0]!['recordedAt'] as string}`);
        expect(asOf['revision']).toBeLessThanOrEqual(1);
        const { fields: differences } = await other.get(`${past}/diff?from=0&to=1`);
        expect(differences).toContainEqual({
          ...{ pointer: '/data/place', kind: 'replaced', before: 'depot', after: 'door' },
          event: expect.objectContaining({ revision: 1, reason: 'it rained' }),
        });
        expect(await other.get(`${past}/blame?below=/data`)).toMatchObject({
          fields: [{ pointer: '/data/place', value: 'door', event: { revision: 1 } }],
        });
        const trace = await other.get(`${past}/trace`);
        expect(trace['steps']).toMatchObject([{ object: { type: 'Parcel', id: 'p' }, events: [{ revision: 1 }] }]);
        const correlated = await other.until('/api/v1/traces/rain', ({ steps }) => (steps as object[]).length > 0);
        expect(correlated['steps']).toEqual(trace['steps']);
        const fields = { noun: 'Parcel', id: 'p', patch: { place: 'van' } };
        const tried = await other.send('POST', `${past}/dry-run`, { command: 'UpdateThing', fields });
        expect(tried.body).toMatchObject({ outcome: 'accepted', state: { data: { place: 'van' } } });
        expect(await one.get(past)).toMatchObject({ revision: 1, state: { data: { place: 'door' } } });
      }, 30_000);

      it('is told of a project', async () => {
        await one.done('POST', PROJECTS, { projectId: 'engine', name: 'Engine', owner: 'ada' });
        const after = await other.done('PATCH', `${PROJECTS}/engine`, { name: 'Analytical Engine' });
        expect(itemsOf(await one.get(`${PROJECTS}?${after}`))).toMatchObject([
          { id: 'engine', name: 'Analytical Engine' },
        ]);
        const past = '/api/v1/objects/project/engine';
        expect(await one.get(`${past}?revision=0`)).toMatchObject({ state: { name: 'Engine' } });
        expect(itemsOf(await one.get(`${past}/history`)).map(({ type }) => type)).toEqual([
          'project.created',
          'project.updated',
        ]);
        const { body } = await one.send('POST', `${past}/dry-run`, {
          command: 'ArchiveProject',
          fields: { projectId: 'engine' },
        });
        expect(body).toMatchObject({ outcome: 'accepted', events: [{ type: 'project.archived' }] });
      }, 30_000);
    });

    describe('the audit', () => {
      it('has what either API refused, and counts it', async () => {
        expect((await one.send('PATCH', `${THINGS}/Parcel/none`, {})).status).toBe(404);
        expect((await other.send('PATCH', `${THINGS}/Parcel/p`, {}, { 'if-match': '"7"' })).status).toBe(412);
        const after = await one.done('POST', `${THINGS}/Mark`);
        const refused = itemsOf(await other.get(`/api/v1/audit/events?refused=only&${after}`));
        expect(refused.map(({ refused: code }) => code)).toEqual(['thing-not-found', 'precondition-failed']);
        const period = 'from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z';
        const report = await other.get(`/api/v1/audit/report?${period}&${after}`);
        expect(report).toMatchObject({ refused: 2, failed: 0 });
        expect(report['byType']).toContainEqual({ type: 'Parcel.created', events: 1 });
      }, 30_000);

      it('is signed by a worker and proven by an API, all with the one key', async () => {
        const publicKey = createPublicKey(await readFile(apart.publicKeyFile));
        const heads = '/api/v1/audit/heads/latest';
        const first = await one.until(heads, ({ size }) => Number(size) > 0);
        const { body } = await one.send('POST', `${THINGS}/Mark`, {});
        const proof = await one.until(
          `/api/v1/audit/proofs/inclusion?position=${body['position'] as string}`,
          ({ index }) => index !== undefined,
        );
        const last = await other.until(heads, ({ size }) => Number(size) > Number(proof['index']));
        const signed = [first, last].map(({ note }) => verifySignedHead(note as string, publicKey)!);
        const [from, to] = signed.map(({ size }) => size) as [number, number];
        const consistency = await other.get(`/api/v1/audit/proofs/consistency?from=${from}&to=${to}`);
        const roots = { fromRoot: signed[0]!.root, toRoot: signed[1]!.root };
        expect(verifyConsistency({ from, to, ...roots, proof: all(consistency['hashes']) })).toBe(true);
        const path = `/api/v1/audit/proofs/inclusion?position=${body['position'] as string}&size=${to}`;
        const { index, leafHash, hashes } = await other.get(path);
        const claim = { index: Number(index), size: to, root: signed[1]!.root };
        expect(verifyInclusion({ ...claim, leafHash: bytes(leafHash), proof: all(hashes) })).toBe(true);
      }, 40_000);

      it('is exported by an API, and needs nothing but the key to be verified', async () => {
        const publicKey = createPublicKey(await readFile(apart.publicKeyFile));
        for (const api of [one, other]) {
          const after = await api.done('POST', `${THINGS}/Mark`);
          const text = await api.text(`/api/v1/audit/export?${after}`);
          const verdict = await verifyExport(once(text), publicKey, EXPORT_FORMATS.ndjson);
          expect(verdict).toMatchObject({ sound: true, header: { coverage: 'all' } });
          const forged = await verifyExport(once(text.replace('door', 'roof')), publicKey, EXPORT_FORMATS.ndjson);
          expect(forged).toMatchObject({
            sound: false,
            problem: { code: 'changed', event: { type: 'Parcel.updated' } },
          });
        }
      }, 40_000);

      it('is not signed with a second key by a process that has not got the first', async () => {
        const settings = { PERDURE_AUDIT_KEY_FILE: '' };
        await expect(apart.worker(settings)).rejects.toThrow(/signed with key [0-9a-f]{16}, .* same file/);
        const stranger = await apart.api(settings);
        const { status, body } = await stranger.send('GET', '/api/v1/audit/export');
        expect([status, body['code']]).toEqual([503, 'audit-key-missing']);
        await apart.stop([stranger]);
      }, 40_000);
    });

    describe('read models that workers keep', () => {
      it('are as before when they were built anew at the wish of an API', async () => {
        for (let n = 0; n < 30; n++) await one.done('POST', `${THINGS}/Order`, { $id: `o${n}`, n });
        const after = await one.done('PATCH', `${THINGS}/Order/o0`, { n: -1 });
        const paths = [`${THINGS}/Order?limit=100`, '/api/v1/audit/events?limit=1000', PROJECTS];
        const read = () =>
          Promise.all(paths.map((path) => other.get(`${path}${path.includes('?') ? '&' : '?'}${after}`)));
        const before = await read();
        const asked = await one.send('POST', '/api/v1/projections/rebuilds', {
          projections: ['things', 'audit', 'projects'],
        });
        expect(asked.status).toBe(202);
        // To its end, at the API that was not asked.
        const progress = await other.text(`/api/v1/operations/${asked.body['id'] as string}/progress`);
        expect(progress).toMatch(/"state":"done"/);
        expect(await one.ended(asked)).toMatchObject({ state: 'done' });
        expect(await read()).toEqual(before);
        expect(itemsOf(before[0]!)).toHaveLength(30);
      }, 60_000);

      it('stand still while an API has them paused', async () => {
        expect((await one.send('POST', '/api/v1/projections/things/pause')).status).toBeLessThan(300);
        await apart.aWorkerSays('things', 'paused');
        expect(await other.get('/api/v1/projections/things')).toMatchObject({ paused: true });
        const after = await one.done('PATCH', `${THINGS}/Order/o1`, { n: 100 });
        const behind = await other.send('GET', `${THINGS}/Order?${after.replace('20s', '100ms')}`);
        expect([behind.status, behind.body['code']]).toEqual([503, 'projection-behind']);
        expect((await other.send('POST', '/api/v1/projections/things/resume')).status).toBeLessThan(300);
        const orders = itemsOf(await other.get(`${THINGS}/Order?limit=100&${after}`));
        expect(orders.find(({ $id }) => $id === 'o1')).toMatchObject({ n: 100 });
      }, 60_000);

      it('can be asked as they were', async () => {
        const at = new Date().toISOString();
        await sleep(2);
        await one.done('POST', `${THINGS}/Order`, { $id: 'later' });
        const copy = await other.ended(await one.send('POST', '/api/v1/read-models/things/as-of', { at }));
        expect(copy).toMatchObject({ state: 'done' });
        const { query } = copy['result'] as { query: string };
        const orders = itemsOf(await other.get(`${query}?limit=1000&where={"noun":"Order"}`));
        expect(orders).toHaveLength(30);
      }, 60_000);

      it('leave out what an operator skips, at whichever API that is said', async () => {
        const metadata = { tenant: 'main', actor: { type: 'service', id: 'x' }, occurredAt: '2026-01-01T00:00:00Z' };
        const id = '00000000-0000-7000-8000-000000000001';
        // What no decision of ours makes: a client of the event store wrote it.
        await apart.events.store.append('main.project-engine', 'any', [
          { id, type: 'project.updated', data: null, metadata } as never,
        ]);
        const [parked] = itemsOf(await one.until('/api/v1/parked-events', (body) => itemsOf(body).length > 0));
        expect(parked).toMatchObject({ projection: 'projects', event: { id } });
        await other.readyWhen(({ status }) => status === 'degraded');
        const path = `/api/v1/parked-events/${encodeURIComponent(parked!['id'] as string)}`;
        expect((await other.send('POST', `${path}/replay`)).body).toMatchObject({ outcome: 'still-failing' });
        const skipped = await one.send('POST', `${path}/skip`, { reason: 'It says nothing.' });
        expect(skipped.body).toMatchObject({ outcome: 'replayed' });
        await other.readyWhen(({ status }) => status === 'ready');
      }, 60_000);
    });

    describe('GraphQL', () => {
      it('answers at one API from what was written at the other, and tells of it as it comes', async () => {
        const socket = await GraphqlSocket.open(other.url);
        const events = socket.subscribe('subscription { events(noun: "Lamp", after: "0") { type revision } }');
        await one.done('POST', `${THINGS}/Lamp`, { $id: 'l', on: false });
        expect(await events.next()).toEqual({ events: { type: 'Lamp.created', revision: 0 } });
        const { position } = (await one.send('PATCH', `${THINGS}/Lamp/l`, { on: true })).body;
        expect(await events.next()).toEqual({ events: { type: 'Lamp.updated', revision: 1 } });
        const found = await new GraphqlClient(other.url)
          .data(`query @after(position: "${position as string}", wait: "20s") {
          things(noun: "Lamp", first: 5) { edges { node { data } } }
          object(type: "Lamp", id: "l") { diff(from: "0") { toRevision } }
        }`);
        expect(found).toMatchObject({
          things: { edges: [{ node: { data: { on: true } } }] },
          object: { diff: { toRevision: 1 } },
        });
        await socket.close();
      }, 60_000);
    });

    describe('an erasure at one API', () => {
      it('is known to the other one after 2 seconds', async () => {
        const schema = { properties: { email: { type: 'string', 'x-personal': true } } };
        await one.done('PUT', '/api/v1/nouns/Customer', { schema });
        await one.done('POST', `${THINGS}/Customer`, { $id: 'ada', email: 'ada@analytical.example' });
        const customer = `${THINGS}/Customer/ada`;
        expect(await other.get(customer)).toMatchObject({ email: 'ada@analytical.example' });
        expect((await one.send('DELETE', '/api/v1/subjects/Customer-ada')).status).toBe(200);
        expect(await one.get(customer)).toMatchObject({ email: null });
        await sleep(2_000);
        expect(await other.get(customer)).toMatchObject({ email: null, $erased: ['/email'] });
        const history = await other.get('/api/v1/objects/Customer/ada/history');
        expect(JSON.stringify(history)).not.toContain('analytical');
      }, 60_000);
    });

    it('leaves a log that is signed to its end and verifies against the public key', async () => {
      await apart.stop(apart.apis);
      await apart.stop(apart.workers);
      const publicKeys = [createPublicKey(await readFile(apart.publicKeyFile))];
      expect(await verifyStore(apart.events.store, { publicKeys })).toMatchObject({ intact: true, uncovered: 0 });
    }, 60_000);
  }),
);

async function* once(text: string) {
  yield text;
}
