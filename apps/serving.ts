import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { describeConfig, type Config } from '#platform/config/config';
import { drain } from '#platform/http/drain';

/** A running process of Perdure's. */
export interface Server {
  /** Where it listens, such as http://localhost:3000. */
  readonly url: string;
  /** Finishes what was accepted, then ends. */
  close(): Promise<void>;
}

/** Lets the application listen, and writes down the settings that it runs with, and what to mend. Closes it where it cannot. */
export async function serveApp(
  app: NestFastifyApplication,
  config: Config,
  port: number,
  { first = async () => {}, warnings = [] }: { first?: () => Promise<void>; warnings?: readonly string[] } = {},
): Promise<Server> {
  try {
    await first();
    await app.listen(port, config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.getHttpServer().address() as { port: number };
  const host = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(config.host) ? 'localhost' : config.host;
  const url = `http://${host}:${address.port}`;
  const { log } = app.getHttpAdapter().getInstance();
  log.info({ url, settings: describeConfig(config) }, 'Running with these settings.');
  for (const warning of warnings) log.warn(warning);
  let closed: Promise<void> | undefined;
  return { url, close: () => (closed ??= drain(app)) };
}
