import { DomainError } from '#kernel/errors';
import { serve } from '#apps/api/main';
import { CommandFailed } from './exit-codes.js';

export type Server = Awaited<ReturnType<typeof serve>>;

/** Serves until SIGINT or SIGTERM, then finishes what was accepted. */
export async function start(): Promise<void> {
  const server = await startServer();
  process.stdout.write(
    `Perdure serves on ${server.url}\nBrowse its API at ${server.url}/reference; stop it with Ctrl-C.\n`,
  );
  await stopOnSignal(server);
}

/** Starts the API in this process. Throws CommandFailed where it cannot, with what to do. */
export async function startServer(env = process.env): Promise<Server> {
  try {
    return await serve(env);
  } catch (error) {
    // Domain errors say what to do; anything else is a mistake of ours and keeps its stack.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw error instanceof DomainError ? new CommandFailed(message) : error;
    throw new CommandFailed(
      `Port ${env['PORT'] ?? 3000} is taken. Stop the program that has it, or choose another: PORT=3001 npm start`,
    );
  }
}

/** Resolves when the server was stopped by a signal. A second signal changes nothing: the first one is being obeyed. */
export function stopOnSignal(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping: Promise<void> | undefined;
    const stop = (): void => void (stopping ??= server.close().then(resolve, reject));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
}
