import { existsSync } from 'node:fs';
import type { Api } from '../api/api.js';
import { CommandFailed } from '../exit-codes.js';
import { type Check, fail, warn } from './check.js';
import { checkDisk, checkNode } from './machine-checks.js';
import { checkServer } from './server-checks.js';
import { checkSettings } from './settings-checks.js';
import { checkMasterKey, checkStoreFiles } from './store-file-checks.js';

/** Looks at everything, on a server or on a store. `withApi` opens what the command line names. */
export async function examine(
  { url, data }: { readonly url: string; readonly data?: string },
  withApi: <T>(work: (api: Api) => Promise<T>) => Promise<T>,
): Promise<Check[]> {
  const env = data === undefined ? process.env : { ...process.env, PERDURE_DATA: data };
  const { checks, config } = checkSettings(env);
  const local = [checkNode(process.versions.node), ...checks];
  const isHere = data !== undefined || ['localhost', '127.0.0.1', '[::1]'].includes(URL.parse(url)?.hostname ?? '');
  if (config && isHere && existsSync(config.data)) {
    local.push(await checkDisk(config.data), ...checkStoreFiles(config), checkMasterKey(config));
  }
  if (data !== undefined) {
    if (!config || local.some(({ name, verdict }) => verdict === 'fail' && name !== 'disk')) return local;
    if (local.some(({ name }) => name === 'schema')) {
      const cure = 'perdure start does so; then look again.';
      return [...local, warn('store', 'not opened: that would bring its tables up to date', cure)];
    }
  }
  try {
    return [...local, ...(await withApi(checkServer))];
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const cure = data === undefined ? 'Then look again.' : 'Mend that, then look again.';
    return [...local, fail(data === undefined ? 'server' : 'store', error.message, cure)];
  }
}
