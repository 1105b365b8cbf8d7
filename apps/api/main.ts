import 'reflect-metadata';
import { readConfig } from '#platform/config/config';
import { createHttpApp } from '#platform/http/create-http-app';
import { drain } from '#platform/http/drain';
import { AppModule } from './app.module.js';

/** A running API. */
export interface Server {
  /** Where it listens, such as http://localhost:3000. */
  readonly url: string;
  /** Finishes what was accepted, then ends. */
  close(): Promise<void>;
}

/** Starts the API as the environment says. Rejects with what to change where it cannot. */
export async function serve(env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const config = readConfig(env);
  const app = await createHttpApp(AppModule.with(config), config);
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as { port: number };
  const host = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(config.host) ? 'localhost' : config.host;
  return { url: `http://${host}:${port}`, close: () => drain(app) };
}
