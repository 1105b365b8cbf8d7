import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config } from '#platform/config/config';
import { Readiness } from '#platform/observability/readiness';

/**
 * Ends the application without losing what it accepted: `/ready` says no, no new connection is taken, requests that are under way
 * are answered, then modules shut down. What is not answered after `PERDURE_DRAIN_SECONDS` is cut off.
 */
export async function drain(app: NestFastifyApplication): Promise<void> {
  app.get(Readiness).drain();
  const server = app.getHttpServer();
  const deadline = setTimeout(() => server.closeAllConnections(), app.get(Config).drainSeconds * 1_000);
  try {
    // Before Nest's own order, in which modules let go of their stores while requests still run.
    await app.getHttpAdapter().getInstance().close();
    await app.close();
  } finally {
    clearTimeout(deadline);
  }
}

/** Drains on the signals that ask a process to end; a second one ends it at once. */
export function drainOnSignals(app: NestFastifyApplication): void {
  const end = (signal: NodeJS.Signals): void => {
    const { log } = app.getHttpAdapter().getInstance();
    log.info(`${signal}: finishing what was accepted.`);
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.off(name, end);
      process.once(name, () => process.exit(1));
    }
    drain(app).then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'The shutdown failed.');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}
