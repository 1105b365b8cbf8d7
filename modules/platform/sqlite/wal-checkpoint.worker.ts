import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const connection = new DatabaseSync(workerData as string, { timeout: 1_000 });

parentPort!.on('message', (order: 'PASSIVE' | 'RESTART' | 'close') => {
  if (order === 'close') {
    connection.close();
    parentPort!.close();
    return;
  }
  try {
    parentPort!.postMessage(connection.prepare(`PRAGMA wal_checkpoint(${order})`).get());
  } catch (error) {
    parentPort!.postMessage({ failed: (error as Error).message });
  }
});
