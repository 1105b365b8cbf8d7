import { Redis } from 'ioredis';
import { JobsUnavailable } from './jobs.errors.js';

/** Longest pause between two attempts to connect, in milliseconds. */
const MAX_RECONNECT_PAUSE = 1_000;

export interface RedisPlace {
  /** For the client. */
  readonly url: string;
  /** Of all keys. */
  readonly prefix: string;
  /** For messages: without user and password. */
  readonly shown: string;
}

/** `redis[s]://[user:password@]host[:port][/database][?prefix=name]`; the prefix is `perdure` by default. */
export function placeOf(url: string): RedisPlace {
  const parsed = new URL(url);
  const prefix = parsed.searchParams.get('prefix') ?? 'perdure';
  parsed.searchParams.delete('prefix');
  return { url: parsed.toString(), prefix, shown: `${parsed.protocol}//${parsed.host}` };
}

/** A connection that comes back by itself, and calls on it that end within bounded time. */
export class RedisLink {
  readonly client: Redis;
  #lastError: Error | undefined;
  #isClosed = false;

  constructor(
    private readonly place: RedisPlace,
    private readonly patience: number,
  ) {
    this.client = new Redis(place.url, {
      // BullMQ needs it so. Our own calls are bounded by `within`, and are not begun while the connection is down.
      maxRetriesPerRequest: null,
      connectTimeout: patience,
      disconnectTimeout: 200,
      // Duplicates of the connection ask it, too, and give up with it.
      retryStrategy: (times) => (this.#isClosed ? null : Math.min(MAX_RECONNECT_PAUSE, 50 * 2 ** (times - 1))),
    });
    this.client.on('error', (error: Error) => (this.#lastError = error));
  }

  /** Rejects with JobsUnavailable where the work cannot be done or does not end in time. It may then still be done later. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.patience;
    const status: string = this.client.status;
    if (status !== 'ready') await this.#ready();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const left = Math.max(0, deadline - performance.now());
      timer = setTimeout(() => reject(this.#silence()), left);
    });
    try {
      return await Promise.race([work(), timeout]);
    } catch (error) {
      throw this.#explained(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets go of the connection at once. */
  close(): void {
    this.#isClosed = true;
    this.client.disconnect();
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.client.off('ready', ready).off('end', fail);
      };
      const ready = (): void => (end(), resolve());
      const fail = (): void => {
        end();
        reject(this.#silence());
      };
      const timer = setTimeout(fail, this.patience);
      this.client.once('ready', ready).once('end', fail);
      if (this.client.status === 'end') fail();
    });
  }

  #silence(): JobsUnavailable {
    const { shown } = this.place;
    const status: string = this.client.status;
    if (status === 'ready') return new JobsUnavailable(`Redis at ${shown} does not answer. Try again soon.`);
    const why = this.#lastError ? `: ${this.#lastError.message || this.#lastError.name}` : '';
    const message = `Redis at ${shown} cannot be reached (PERDURE_JOBS)${why}. Start it, or correct the address.`;
    return new JobsUnavailable(message, { cause: this.#lastError });
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof JobsUnavailable) return error;
    const cure = cureOf(error.message);
    return cure === undefined ? error : new JobsUnavailable(`Redis at ${this.place.shown} ${cure}`, { cause: error });
  }
}

/** The first words of Redis's error replies, and what to do. The reply of a script has them further in. */
const CURES: readonly (readonly [RegExp, string])[] = [
  [/\bOOM\b/, 'is full (maxmemory). Give it more memory, or keep fewer finished jobs.'],
  [/\bREADONLY\b/, 'is a read-only replica. Name the primary in PERDURE_JOBS.'],
  [/\bMISCONF\b/, 'refuses writes, for it cannot save to its disk. Free some space there.'],
  [/\bLOADING\b/, 'is still loading its data. Try again soon.'],
  [/\b(NOAUTH|WRONGPASS|NOPERM)\b/, 'does not let this user in. Correct the user or password in PERDURE_JOBS.'],
  [/\b(CLUSTERDOWN|MASTERDOWN|TRYAGAIN|UNKILLABLE|BUSY|NOREPLICAS)\b/, 'cannot answer now. Try again soon.'],
  [
    /Connection is closed|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|Stream isn't writeable|max retries/i,
    'went away.',
  ],
];

function cureOf(message: string): string | undefined {
  return CURES.find(([words]) => words.test(message))?.[1];
}

/** Whether it is only that the connection is down, which mends itself. */
export function isConnectionError(error: Error): boolean {
  return CURES.at(-1)![0].test(`${error.message} ${(error as { code?: string }).code ?? ''}`);
}
