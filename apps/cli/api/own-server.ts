import { existsSync } from 'node:fs';
import type { Server } from '#apps/api/main';
import { CommandFailed } from '../exit-codes.js';
import { startServer } from '../serving/start.js';

/**
 * A server of this process's own on a store, for as long as a command takes: what the command finds and does there is what a
 * server would. The other settings are those of the environment. Rejects with CommandFailed where there is no store in the folder.
 */
export async function serveStore(folder: string): Promise<Server> {
  if (!existsSync(folder)) throw new CommandFailed(`There is no folder ${folder}. Name one with a store in it.`);
  return startServer({ ...process.env, PERDURE_DATA: folder, PORT: '0', HOST: '127.0.0.1', PERDURE_LOG: 'error' });
}
