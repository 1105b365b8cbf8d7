import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Size of the log from which on it is worth copying back. */
const ENOUGH = 16 * 2 ** 20;
/** Commits between two looks at the log's size. */
const LOOK_EVERY = 64;

/**
 * Copies the write-ahead log back into the database file on a thread of its own, so that no request pays for it. Under steady
 * writing a passive checkpoint never reaches the log's end; the rest, by then small, is copied while writes are held back.
 */
export class WalCheckpointer {
  #worker: Worker | undefined;
  #commits = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly pauseWrites: () => Promise<() => void>,
  ) {}

  walGrew(): void {
    if (this.#running || ++this.#commits % LOOK_EVERY !== 0) return;
    if ((statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < ENOUGH) return;
    this.#running = this.#checkpoint().finally(() => (this.#running = undefined));
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#worker?.terminate();
  }

  async #checkpoint(): Promise<void> {
    await this.#ask('PASSIVE');
    const resume = await this.pauseWrites();
    try {
      await this.#ask('TRUNCATE');
    } finally {
      resume();
    }
  }

  /** A checkpoint that fails is only postponed: the log stays whole and grows on. */
  #ask(mode: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve) => {
      const done = (): void => {
        worker.off('message', done);
        worker.off('error', done);
        resolve();
      };
      worker.once('message', done);
      worker.once('error', done);
      worker.postMessage(mode);
    });
  }

  #start(): Worker {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const worker = new Worker(new URL(`./wal-checkpoint.worker${extension}`, import.meta.url), {
      workerData: this.path,
    });
    worker.unref();
    worker.on('error', () => (this.#worker = undefined));
    return worker;
  }
}
