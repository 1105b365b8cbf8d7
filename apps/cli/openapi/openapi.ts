import { readFile, writeFile } from 'node:fs/promises';
import { serve } from '#apps/api/main';
import { CommandFailed } from '../exit-codes.js';

export interface OpenApiRequest {
  /** Where to write the document; standard output where it is left out. */
  readonly output?: string;
  /** The file that the document must be the same as. */
  readonly check?: string;
}

/** Prints, writes or checks the OpenAPI document of this version. Rejects with CommandFailed where the checked file is stale. */
export async function openapi(request: OpenApiRequest): Promise<void> {
  await deliver(`${JSON.stringify(JSON.parse(await served('/openapi.json')), null, 2)}\n`, request);
}

/** The same with the GraphQL schema; with `json` as the text in a JSON document. */
export async function graphqlSchema({ json = false, ...request }: OpenApiRequest & { json?: boolean }): Promise<void> {
  const schema = await served('/schema.graphql');
  await deliver(json ? `${JSON.stringify({ schema })}\n` : schema, request);
}

async function deliver(text: string, { output, check }: OpenApiRequest): Promise<void> {
  if (check !== undefined) {
    if ((await readFile(check, 'utf8').catch(() => '')) === text) return;
    throw new CommandFailed(`${check} is not what the code says any more. Write it anew with: npm run generate`);
  }
  if (output === undefined) process.stdout.write(text);
  else await writeFile(output, text);
}

/** What a server with nothing stored serves there. */
async function served(path: string): Promise<string> {
  const memory = 'sqlite::memory:';
  const server = await serve({
    PORT: '0',
    PERDURE_EVENT_STORE: memory,
    PERDURE_READ_STORE: memory,
    PERDURE_JOBS: memory,
    PERDURE_LOG: 'error',
  });
  try {
    const response = await fetch(server.url + path);
    if (!response.ok) throw new CommandFailed(`${path} was answered with status ${response.status}.`);
    return await response.text();
  } finally {
    await server.close();
  }
}
