import { existsSync } from 'node:fs';
import type { Server } from '#apps/api/main';
import { readConfig } from '#platform/config/config';
import { CommandFailed } from '../exit-codes.js';
import { startServer } from '../serving/start.js';

/**
 * A server of this process's own on a store, for as long as a command takes: what the command finds and does there is what a
 * server would. The other settings are those of the environment. Rejects with CommandFailed where there is no store in the folder.
 */
export async function serveStore(folder: string): Promise<Server> {
  const env = ownSettings(folder);
  if (!existsSync(folder)) throw new CommandFailed(`There is no folder ${folder}. Name one with a store in it.`);
  const file = /^sqlite:(?!:memory:)(.+)$/.exec(storeIn(env))?.[1];
  if (file !== undefined && !existsSync(file)) {
    throw new CommandFailed(
      `There is no store in ${folder}: ${file} is not there. Name the folder that PERDURE_DATA names.`,
    );
  }
  return startServer(env);
}

/** The environment, on that folder: nobody else is to find the server, and standard output is the command's. */
export function ownSettings(folder: string): NodeJS.ProcessEnv {
  const own = {
    PORT: '0',
    HOST: '127.0.0.1',
    PERDURE_LOG: 'off',
    PERDURE_WORKER: 'here',
    PERDURE_EVENTSTOREDB_PORT: '0',
  };
  return { ...process.env, ...own, PERDURE_DATA: folder };
}

function storeIn(env: NodeJS.ProcessEnv): string {
  try {
    return readConfig(env).eventStore;
  } catch (error) {
    throw new CommandFailed((error as Error).message);
  }
}
