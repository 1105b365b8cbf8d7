import 'reflect-metadata';
import { type Server, serveApp } from '#apps/serving';
import { readConfig } from '#platform/config/config';
import { checkApi, keyWarnings } from '#platform/config/deployment';
import { ConfiguredFront } from '#platform/eventstoredb-front/front.module';
import { createHttpApp } from '#platform/http/create-http-app';
import { AppModule } from './app.module.js';

export type { Server };

/** Starts the API as the environment says. Rejects with what to change where it cannot. */
export async function serve(env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const config = readConfig(env);
  checkApi(config);
  const app = await createHttpApp(AppModule.with(config), config);
  return serveApp(app, config, config.port, {
    first: () => app.get(ConfiguredFront, { strict: false }).open(),
    warnings: keyWarnings(config, 'api'),
  });
}
