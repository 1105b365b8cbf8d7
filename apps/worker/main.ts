import 'reflect-metadata';
import { type Server, serveApp } from '#apps/serving';
import { readConfig } from '#platform/config/config';
import { checkWorker, keyWarnings } from '#platform/config/deployment';
import { createHttpApp } from '#platform/http/create-http-app';
import { WorkerModule } from './worker.module.js';

/** Starts a worker as the environment says. Rejects with what to change where it cannot. */
export async function work(env: NodeJS.ProcessEnv = process.env): Promise<Server> {
  const config = readConfig(env);
  checkWorker(config);
  const app = await createHttpApp(WorkerModule.with(config), config);
  return serveApp(app, config, config.workerPort, { warnings: keyWarnings(config, 'worker') });
}
