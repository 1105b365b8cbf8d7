import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from '../exit-codes.js';
import { readableLine } from './dev-log.js';

/** What the launcher builds of (apps/cli/launcher/build.mjs). */
const SOURCES = ['apps', 'modules', 'read-models', 'projections', 'migrations'];
/** Milliseconds without another change after which the server is started anew: editors and git write many files at once. */
const QUIET_MS = 200;

/**
 * Serves as `perdure start` does, from a build of the sources as they are, and anew whenever one of them changes. Resolves when it
 * was stopped by a signal and the server has ended. Rejects with CommandFailed where there are no sources.
 */
export async function dev({ json }: { json: boolean }): Promise<void> {
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  if (!existsSync(join(root, 'tsconfig.json'))) {
    const message = `There are no sources in ${root}: this is a built package. 'perdure start' serves it; dev is for a checkout.`;
    throw new CommandFailed(message);
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const changes = new Changes(root);
  try {
    while (!stop.signal.aborted) {
      const change = changes.next(stop.signal);
      const server = startServer(root, json);
      server.once('exit', (code) => {
        if (code !== 0 && !stop.signal.aborted) say('It is started again when a source file changes.');
      });
      await change;
      await end(server);
      if (!stop.signal.aborted) say('Sources have changed: building and starting anew ...');
    }
  } finally {
    changes.close();
  }
}

/** Tells of changes to source files. */
class Changes {
  readonly #watchers;
  #tell: () => void = () => {};

  constructor(root: string) {
    this.#watchers = SOURCES.filter((folder) => existsSync(join(root, folder))).map((folder) =>
      watch(join(root, folder), { recursive: true }, (_, file) => {
        if (file === null || file.endsWith('.ts')) this.#tell();
      }),
    );
  }

  /** Resolves when there was a change and then none for a moment, or at the signal. */
  async next(signal: AbortSignal): Promise<void> {
    const leaving = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([leaving, this.#change()]);
    for (let isQuiet = false; !isQuiet && !signal.aborted;) {
      isQuiet = await Promise.race([this.#change().then(() => false), delay(QUIET_MS, true)]);
    }
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#tell = resolve));
  }
}

/** The launcher builds first, as everywhere; where that fails it says why and ends. */
function startServer(root: string, json: boolean): ChildProcess {
  const line = [join(root, 'apps', 'cli', 'perdure.mjs'), 'start', ...(json ? ['--json'] : [])];
  // As with npm, the server ends when whoever started it is gone, however that ended.
  const env = { PERDURE_LOG: 'debug', ...process.env, npm_lifecycle_event: 'dev' };
  const server = spawn(process.execPath, line, { env, stdio: ['ignore', json ? 'inherit' : 'pipe', 'inherit'] });
  if (server.stdout) {
    createInterface({ input: server.stdout }).on('line', (text) => process.stdout.write(`${readableLine(text)}\n`));
  }
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}
