import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const connection = new DatabaseSync(workerData as string, { timeout: 1_000 });

parentPort!.on('message', (mode: 'PASSIVE' | 'TRUNCATE') => {
  try {
    parentPort!.postMessage(connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get());
  } catch (error) {
    parentPort!.postMessage({ failed: (error as Error).message });
  }
});
