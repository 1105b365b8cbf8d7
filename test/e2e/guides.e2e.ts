import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serve, type Server } from '#apps/api/main';

const run = promisify(execFile);

/** The blocks of a document that ask the server for something, as one script: variables of one are known in the next. */
function requestsOf(document: string): string {
  const blocks = [...readFileSync(document, 'utf8').matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block!);
  return blocks.filter((block) => block.includes('curl')).join('\n');
}

/** Runs them as a reader would; rejects with the first request that is not answered with success. */
async function follow(script: string, url: string): Promise<string> {
  const setting = [
    'set -e',
    `api=${url}/api/v1 json='content-type: application/json'`,
    'curl() { command curl -sSf --max-time 30 "$@" && echo; }',
  ];
  const asked = script.replaceAll('http://localhost:3000', url).replaceAll('localhost:3000', url);
  const { stdout } = await run('bash', ['-c', [...setting, asked].join('\n')], { cwd: folder });
  return stdout;
}

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-guides-'));
  server = await serve({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error', PERDURE_AUDIT_EVERY: '1' });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function untilSigned(): Promise<void> {
  while (!(await fetch(`${server.url}/api/v1/audit/heads/latest`)).ok);
}

// In the order of a reader: the first steps make the customer that some guides go on with.
describe('the requests that are printed', () => {
  it('in the README are answered with success', async () => {
    expect(await follow(requestsOf('README.md'), server.url)).toContain('"plan":"pro"');
  });

  it('in the guide to audits are answered with success', async () => {
    await untilSigned();
    const printed = await follow(requestsOf('docs/guides/audit.md'), server.url);
    expect(printed).toContain('BEGIN PUBLIC KEY');
    expect(printed).toContain('"leafHash"');
  });

  it.each([
    ['guides/read-your-writes', '"total":12'],
    ['guides/schedules', '"state":"open"'],
    ['guides/projects', '"free":'],
    ['guides/erasure', '"$erased":["/email"]'],
    ['operations', '"kind":"as-of"'],
  ])('in docs/%s.md are answered with success', async (document, answer) => {
    expect(await follow(requestsOf(`docs/${document}.md`), server.url)).toContain(answer);
  });
});
