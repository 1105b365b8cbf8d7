import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Server } from '#apps/api/main';
import { verifySignedHead } from '#modules/audit/heads/signed-head';
import { readPublicKey } from '#modules/audit/heads/signed-note';
import { leafHashOf } from '#modules/audit/tree/leaf';
import { verifyStore } from '#modules/audit/verify/verify-store';
import { verifyConsistency, verifyInclusion } from '#platform/merkle/verify-proofs';
import { openEventStore, openReadStore } from '#platform/stores/open-stores';
import { ApiClient } from '#test/support/api-client';

const bytes = (base64: unknown) => Buffer.from(base64 as string, 'base64');
const all = (hashes: unknown) => (hashes as string[]).map(bytes);

describe('the audit tree over HTTP', () => {
  let folder: string;
  let server: Server;
  let api: ApiClient;
  const start = async (): Promise<void> => {
    const environment = { PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error', PERDURE_AUDIT_EVERY: '1' };
    server = await serve(environment);
    api = new ApiClient(server.url);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    await start();
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const get = async (path: string) => (await api.send('GET', `/api/v1/audit/${path}`)).body;
  const write = async (id: string): Promise<string> => {
    const { body } = await api.send('POST', '/api/v1/things/Note', { $id: id, text: id });
    return String(body['position']);
  };
  /** Asks until the head covers as many events. */
  async function headOf(size: number): Promise<Record<string, unknown>> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const head = await get('heads/latest');
      if (Number(head['size']) >= size) return head;
      if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(head)}.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('has a key, and no head, before there is anything', async () => {
    expect(await get('key')).toMatchObject({ pem: await readFile(join(folder, 'audit.pub'), 'utf8') });
    expect(await api.send('GET', '/api/v1/audit/heads/latest')).toMatchObject({
      ...{ status: 404, body: { code: 'audit-head-not-found' } },
    });
  });

  it('signs what was written, and proves it', async () => {
    const position = await write('first');
    const first = await headOf(1);
    const key = await get('key');
    const publicKey = createPublicKey(key['pem'] as string);
    expect(key['pem']).toBe(await readFile(join(folder, 'audit.pub'), 'utf8'));
    expect(readPublicKey(key['verifier'] as string).equals(publicKey)).toBe(true);
    const signed = verifySignedHead(first['note'] as string, publicKey)!;
    expect(signed.size).toBe(first['size']);

    await Promise.all(Array.from({ length: 20 }, (_, n) => write(`note ${n}`)));
    const last = await headOf(Number(first['size']) + 20);
    const [from, to] = [Number(first['size']), Number(last['size'])];
    const consistency = await get(`proofs/consistency?from=${from}&to=${to}`);
    const roots = { fromRoot: bytes(first['root']), toRoot: bytes(last['root']) };
    expect(verifyConsistency({ from, to, ...roots, proof: all(consistency['hashes']) })).toBe(true);

    const inclusion = await get(`proofs/inclusion?position=${position}`);
    const claim = {
      ...{ index: Number(inclusion['index']), size: Number(inclusion['size']), root: bytes(last['root']) },
      ...{ leafHash: bytes(inclusion['leafHash']), proof: all(inclusion['hashes']) },
    };
    expect(claim.size).toBe(to);
    expect(verifyInclusion(claim)).toBe(true);
    const { body: history } = await api.send('GET', '/api/v1/things/Note/first/history');
    const { id } = (history['items'] as { id: string; position: string }[]).find((item) => item.position === position)!;
    expect(await get(`proofs/inclusion?event=${id}`)).toEqual(inclusion);
    expect(await get(`proofs/inclusion?event=${id}&size=${from}`)).toMatchObject({ size: from, root: first['root'] });
    expect((await get('heads?limit=1'))['items']).toMatchObject([{ size: to, note: last['note'] }]);
    const { body: page } = await api.send('GET', '/api/v1/audit/heads?limit=1');
    expect((await get(`heads?limit=1000&cursor=${String(page['next'])}`))['items']).toContainEqual(first);
  });

  it.each([
    ['proofs/inclusion', 400, 'invalid-input'],
    ['proofs/inclusion?event=a&position=1', 400, 'invalid-input'],
    ['proofs/inclusion?event=00000000-0000-7000-8000-000000000000', 404, 'audit-leaf-not-found'],
    ['proofs/inclusion?position=999999999', 404, 'audit-leaf-not-found'],
    ['proofs/inclusion?position=1&size=9999', 503, 'audit-tree-incomplete'],
    ['proofs/consistency?from=3&to=2', 400, 'invalid-input'],
    ['proofs/consistency?from=3&to=99999', 503, 'audit-tree-incomplete'],
    ['heads?cursor=nonsense', 400, 'invalid-cursor'],
  ])('refuses %s with %d', async (path, status, code) => {
    expect(await api.send('GET', `/api/v1/audit/${path}`)).toMatchObject({ status, body: { code } });
  });

  it('tells how it is doing', async () => {
    expect((await api.ready()).parts).toContainEqual({ name: 'audit', ready: true, dispensable: true });
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    expect(metrics).toMatch(/perdure_audit_tree_size [1-9]/);
    expect(metrics).toMatch(/perdure_audit_signed_size [1-9]/);
    expect(metrics).toContain('perdure_audit_refused 0');
  });

  it('signs what is left when it stops, so that the whole store can be verified', async () => {
    await write('last');
    const publicKey = createPublicKey(await readFile(join(folder, 'audit.pub'), 'utf8'));
    await server.close();
    const url = `sqlite:${join(folder, 'perdure.db')}`;
    const [events, tiles] = [await openEventStore(url), await openReadStore(url)];
    const verification = await verifyStore(events, { publicKeys: [publicKey], tiles });
    const slice = await events.readAll({ hidden: true });
    await Promise.all([events.close(), tiles.close()]);
    expect(verification).toMatchObject({ intact: true, uncovered: 0, events: slice.events.length });
    await start();
    const last = slice.events.at(-1)!;
    const { leafHash } = await get(`proofs/inclusion?position=${last.position}`);
    expect(bytes(leafHash)).toEqual(leafHashOf(last));
  });

  it('is degraded, and signs no more, where the log is behind what was signed', async () => {
    const before = await get('heads/latest');
    await server.close();
    const file = join(folder, 'audit.head');
    const note = await readFile(file, 'utf8');
    await writeFile(file, note.replace(/\n\d+\n/, '\n99999\n'));
    await start();
    await write('unsigned');
    const { parts } = await api.readyWhen(({ status }) => status === 'degraded');
    const error = expect.stringMatching(/99999 events were signed .* the others are gone/);
    expect(parts).toContainEqual({ name: 'audit', ready: false, dispensable: true, error });
    expect((await fetch(new URL('/ready', server.url))).status).toBe(200);
    expect(await get('heads/latest')).toEqual(before);
    expect(await (await fetch(new URL('/metrics', server.url))).text()).toContain('perdure_audit_refused 1');
  });
});
