import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Commits between two looks at the log's size. */
const LOOK_EVERY = 16;

/** Bytes that are copied while writes wait: a millisecond or two. */
const SHORT_REST = 2 ** 20;
/** Passes after which the rest is copied however long it is. */
const MOST_PASSES = 5;

/**
 * Copies the write-ahead log back into the database file on a thread of its own, so that no request pays for it. Under steady
 * writing a passive checkpoint never reaches the log's end, but each pass takes less time than the one before and so leaves less
 * behind; the last short rest is copied while writes are held back.
 *
 * The log then begins anew in the same file, which is not cut off: to overwrite and sync it takes half the time that it takes to make
 * it longer and sync it.
 */
export class WalCheckpointer {
  #worker: Worker | undefined;
  #commits = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    /** Size of the log from which on it is worth copying back, in bytes. */
    private readonly enough: number,
    /** Bytes in the log that count, also where its file is longer. */
    private readonly logSize: () => number,
    private readonly pauseWrites: () => Promise<() => void>,
  ) {}

  /** Tells of a commit. */
  walGrew(): void {
    if (this.#running || ++this.#commits % LOOK_EVERY !== 0) return;
    if (this.logSize() < this.enough) return;
    this.#running = this.#checkpoint().finally(() => (this.#running = undefined));
  }

  /** Finishes a checkpoint that is under way. The thread closes its connection itself, before the store closes the last one. */
  async close(): Promise<void> {
    await this.#running;
    const worker = this.#worker;
    if (!worker) return;
    worker.ref();
    const ended = once(worker, 'exit');
    worker.postMessage('close');
    await ended;
  }

  async #checkpoint(): Promise<void> {
    for (let pass = 0, behind = Infinity; pass < MOST_PASSES && behind > SHORT_REST; pass++) {
      const before = this.logSize();
      await this.#ask('PASSIVE');
      behind = this.logSize() - before;
    }
    const resume = await this.pauseWrites();
    try {
      await this.#ask('RESTART');
    } finally {
      resume();
    }
  }

  /** A checkpoint that fails is only postponed: the log stays whole and grows on. */
  #ask(mode: 'PASSIVE' | 'RESTART'): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    // Writes wait for this answer, so the process must not end before it.
    worker.ref();
    return new Promise((resolve) => {
      const done = (): void => {
        worker.off('message', done).off('exit', done).unref();
        resolve();
      };
      worker.once('message', done).once('exit', done).postMessage(mode);
    });
  }

  #start(): Worker {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const worker = new Worker(new URL(`./wal-checkpoint.worker${extension}`, import.meta.url), {
      workerData: this.path,
    });
    // A thread that broke is replaced at the next checkpoint.
    worker.on('error', () => (this.#worker = undefined));
    return worker;
  }
}
