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
