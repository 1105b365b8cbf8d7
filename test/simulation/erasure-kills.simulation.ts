import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { serve } from '#apps/api/main';
import { ApiClient } from '#test/support/api-client';
import { placesOf } from '#test/support/bytes-on-disk';
import { mulberry32 } from '#test/support/mulberry32';
import { freePort, PerdureProcess } from '#test/support/perdure-process';

const KILLS = 8;
const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);
const SCHEMA = { properties: { email: { type: 'string', 'x-personal': true } } };

describe('an erasure whose process is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-erasure-kills-'));
  afterAll(async () => {
    await PerdureProcess.killAll();
    rmSync(folder, { recursive: true });
  });

  it(`is whole once it was asked for again (PERDURE_SEED=${SEED})`, async () => {
    const random = mulberry32(SEED);
    const stood: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) stood.push(await killDuringErasure(`s${kill}`, random() * 25));
    expect(stood).toHaveLength(KILLS);
  }, 240_000);

  /** Kills the server so many milliseconds after it was asked to erase; says how far it had come. */
  async function killDuringErasure(id: string, after: number): Promise<string> {
    const email = `${id}-very-personal@example.org`;
    const port = await freePort();
    const killed = new PerdureProcess(['start'], { PORT: port, PERDURE_DATA: folder, PERDURE_LOG: 'info' });
    const api = new ApiClient(`http://127.0.0.1:${port}`);
    await killed.up();
    await answering(api);
    await api.send('PUT', '/api/v1/nouns/Customer', { schema: SCHEMA });
    expect(await api.send('POST', '/api/v1/things/Customer', { $id: id, email })).toMatchObject({ status: 201 });
    const subject = `/api/v1/subjects/Customer-${id}`;
    const asked = api.send('DELETE', subject).catch(() => undefined);
    await setTimeout(after);
    await killed.kill();
    const wasAnswered = (await asked)?.status === 200;

    const server = await serve({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'off' });
    const again = new ApiClient(server.url);
    const thing = async () => (await again.send('GET', `/api/v1/things/Customer/${id}`)).body;
    const before = await thing();
    // Either it was not begun, or nobody can read it any more; what was answered holds.
    expect([email, null]).toContainEqual(before['email']);
    if (wasAnswered) expect(before['email']).toBeNull();
    expect(await again.send('DELETE', subject)).toMatchObject({ status: 200, body: { status: 'erased' } });
    expect(await again.send('DELETE', subject)).toMatchObject({ body: { erasures: [{}] } });
    expect(await thing()).toMatchObject({ email: null, $erased: ['/email'] });
    expect(placesOf(email, folder)).toEqual([]);
    await server.close();
    return wasAnswered ? 'answered' : before['email'] === null ? 'erased' : 'not begun';
  }

  async function answering(api: ApiClient): Promise<void> {
    for (const deadline = performance.now() + 30_000; ; await setTimeout(50)) {
      const health = await api.send('GET', '/health').catch(() => undefined);
      if (health?.status === 200) return;
      if (performance.now() > deadline) throw new Error('The server is not up after 30 s.');
    }
  }
});
