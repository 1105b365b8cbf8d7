import { randomUUID } from 'node:crypto';
import type { RedisLink } from './redis-link.js';

const LOOK_EVERY = 1_000;

/**
 * Notices that Redis came back with another memory than it had: emptied (a mark of ours is gone), or started anew, which may have
 * cost what it had not written to its disk.
 */
export class RedisLoss {
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #mark: string | undefined;
  #server: string | undefined;

  constructor(
    private readonly link: RedisLink,
    private readonly key: string,
  ) {}

  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => this.#lookSoon(), LOOK_EVERY).unref();
    this.link.client.on('ready', this.#lookSoon);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.link.client.off('ready', this.#lookSoon);
  }

  onLoss(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly #lookSoon = (): void => {
    // While it cannot be reached there is nothing to see; it is looked at when it is back.
    if (this.link.client.status === 'ready') this.#look().catch(() => undefined);
  };

  async #look(): Promise<void> {
    const { client } = this.link;
    const [mark, server] = await this.link.within(async () => {
      await client.set(this.key, randomUUID(), 'NX');
      const [mark, info] = await Promise.all([client.get(this.key), client.info('server')]);
      return [mark!, /run_id:(\w+)/.exec(info)?.[1]];
    });
    const isKnown = this.#mark === undefined || (this.#mark === mark && this.#server === server);
    this.#mark = mark;
    this.#server = server;
    if (!isKnown) for (const listener of this.#listeners) listener();
  }
}
