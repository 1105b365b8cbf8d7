import { DomainError } from '#kernel/errors';
import { serve, type Server } from '#apps/api/main';
import { InvalidConfig } from '#platform/config/config';
import { CommandFailed } from '../exit-codes.js';

/** With `json` what is said on standard output is a line of JSON, as the log is. */
interface Saying {
  readonly json: boolean;
}

/** Serves until SIGINT or SIGTERM, then finishes what was accepted. */
export async function start({ json }: Saying): Promise<void> {
  const server = await startServer();
  const words = `Perdure serves on ${server.url}\nBrowse its API at ${server.url}/reference; stop it with Ctrl-C.\n`;
  process.stdout.write(json ? `${JSON.stringify({ url: server.url })}\n` : words);
  await stopOnSignal(server);
}

/** Projects and does jobs until SIGINT or SIGTERM, then finishes what was begun. */
export async function startWorker({ json }: Saying): Promise<void> {
  const { work } = await import('#apps/worker/main');
  const worker = await started(work, process.env, {
    name: 'PERDURE_WORKER_PORT',
    port: '3001',
    command: 'npm run worker',
  });
  const words = `Perdure works; how it is doing: ${worker.url}/ready\nStop it with Ctrl-C.\n`;
  process.stdout.write(json ? `${JSON.stringify({ url: worker.url })}\n` : words);
  await stopOnSignal(worker);
}

/** Starts the API in this process. Throws CommandFailed where it cannot, with what to do. */
export function startServer(env = process.env): Promise<Server> {
  return started(serve, env, { name: 'PORT', port: '3000', command: 'npm start' });
}

/** Where a process listens by default, and how it is started. */
interface Place {
  readonly name: string;
  readonly port: string;
  readonly command: string;
}

async function started(
  start: (env: NodeJS.ProcessEnv) => Promise<Server>,
  env: NodeJS.ProcessEnv,
  place: Place,
): Promise<Server> {
  try {
    return await start(env);
  } catch (error) {
    const message = whyNot(error as NodeJS.ErrnoException, env, place);
    throw message === undefined ? error : new CommandFailed(message);
  }
}

/** What the user can do about it; undefined where it is a mistake of ours, which keeps its stack. */
function whyNot(error: NodeJS.ErrnoException, env: NodeJS.ProcessEnv, place: Place): string | undefined {
  if (error instanceof DomainError || error instanceof InvalidConfig) return error.message;
  const { name, command } = place;
  const port = env[name] || place.port;
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken. Stop the program that has it, or choose another: ${name}=${Number(place.port) + 1} ${command}`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Choose one from 1024: ${name}=${place.port} ${command}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST=${env['HOST']} is no address of this machine. Leave it out to listen on this machine only.`;
    default:
      return undefined;
  }
}

/** Who started us: asked at once, as it may be gone by the time that we serve. */
const parent = process.ppid;
/** Milliseconds between two looks at whether it is still there. */
const BETWEEN_LOOKS = 500;

/**
 * Resolves when the server was stopped by a signal. A second signal changes nothing: the first one is being obeyed. A signal
 * to `npm start` ends npm's shell, which does not pass it on; the shell's end counts as one, or else nobody could stop us.
 */
export function stopOnSignal(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping: Promise<void> | undefined;
    const stop = (): void => void (stopping ??= server.close().then(resolve, reject));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    if (process.env['npm_lifecycle_event'] === undefined) return;
    setInterval(() => process.ppid !== parent && stop(), BETWEEN_LOOKS).unref();
  });
}
