import { relative } from 'node:path';
import { startServer, stopOnSignal } from '../start.js';
import { ApiSession } from './api-session.js';
import { JsonNarration, Narration } from './narration.js';
import { playSample } from './sample.js';

/** Serves the API and plays the sample through it; then goes on serving, or ends where it is asked for only once. */
export async function demo({ once, json }: { once: boolean; json: boolean }): Promise<void> {
  // The sample tells what happens; the server's own log only where something is wrong.
  const server = await startServer({ PERDURE_LOG: 'warn', ...process.env });
  const narration = json ? new JsonNarration(process.stdout) : new Narration(process.stdout);
  try {
    narration.say(`Perdure serves on ${server.url} and keeps its data in ${dataFolder()}.`);
    await playSample(new ApiSession(server.url), narration);
  } catch (error) {
    await server.close();
    throw error;
  }
  narration.list('Where to look next', [
    [`${server.url}/reference`, 'every endpoint, to read and to try'],
    [`${server.url}/openapi.json`, 'the same for programs'],
    ['README.md', 'the ideas, the settings, and how to import a log of your own'],
  ]);
  if (once) return server.close();
  narration.say('\nIt goes on serving. Stop it with Ctrl-C.');
  await stopOnSignal(server);
}

function dataFolder(): string {
  const folder = relative('.', process.env['PERDURE_DATA'] ?? 'data');
  return folder.startsWith('..') ? process.env['PERDURE_DATA']! : `./${folder}`;
}
