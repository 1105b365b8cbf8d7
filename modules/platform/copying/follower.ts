import { Logger, type LoggerService } from '@nestjs/common';
import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import { StoreUnavailable } from '../event-store/event-store.errors.js';
import type { EventStore } from '../event-store/event-store.port.js';
import { backoff, patient } from '../projecting/retry-policy.js';
import { isCopied } from './copied-events.js';
import { copyEvents } from './copy-events.js';
import { NotACopy } from './resume-point.js';

/** Events that are copied in one go while they arrive. */
const BATCH = 500;

export interface FollowerStatus {
  readonly state: 'copying' | 'live' | 'failing' | 'stopped';
  /** Place in the original up to which everything is copied. */
  readonly position: Position;
  readonly error?: string;
}

/**
 * Keeps a copy of a store up to date: takes everything over, then follows what is appended. What fails is tried again from where
 * the copy is. Several processes may keep the same copy.
 */
export class Follower {
  readonly #stop = new AbortController();
  readonly #waiting = new Set<{ position: Position; resolve: () => void }>();
  #status: FollowerStatus = { state: 'copying', position: START };
  #running: Promise<void> | undefined;

  constructor(
    private readonly from: EventStore,
    private readonly to: EventStore,
    private readonly logger: Pick<LoggerService, 'log' | 'warn'> = new Logger(Follower.name),
  ) {}

  get status(): FollowerStatus {
    return this.#status;
  }

  /** Rejects with NotACopy where the other store has events of its own. */
  async start(): Promise<void> {
    await this.#copy();
    this.#running = this.#run();
  }

  /** Resolves once everything up to this place in the original is copied, or at the signal. */
  reached(position: Position, signal?: AbortSignal): Promise<void> {
    if (comparePositions(this.#status.position, position) >= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = { position, resolve };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(waiting);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#status = { ...this.#status, state: 'stopped' };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (failures > 0) await this.#copy();
        await this.#follow(() => (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        const { message } = error as Error;
        const pause = backoff(++failures);
        this.#status = { ...this.#status, state: 'failing', error: message };
        this.logger.warn(`The copy of the event store waits: ${message} Trying again in ${pause} ms.`);
        if (error instanceof NotACopy) return;
        await patient.delay(pause, signal).catch(() => {}); // ended by the signal
      }
    }
  }

  async #follow(goesWell: () => void): Promise<void> {
    const { signal } = this.#stop;
    let batch: Recorded[] = [];
    for await (const message of this.from.subscribe({
      position: this.#status.position,
      system: true,
      hidden: true,
      signal,
    })) {
      if (message.kind === 'event') batch.push(message.event);
      if (message.kind === 'event' && batch.length < BATCH) continue;
      const position = message.kind === 'event' ? message.event.position : message.position;
      const events = batch.filter(isCopied);
      batch = [];
      if (events.length > 0) await this.to.restore(events);
      this.#advance(position, 'live');
      goesWell();
    }
    if (!signal.aborted) throw new StoreUnavailable('The event store ended the subscription.');
  }

  async #copy(): Promise<void> {
    const { signal } = this.#stop;
    const { position } = await copyEvents(this.from, this.to, {
      signal,
      onProgress: (progress) => this.#advance(progress.position, 'copying'),
    });
    if (!signal.aborted) this.#advance(position, 'live');
  }

  #advance(position: Position, state: FollowerStatus['state']): void {
    this.#status = { state, position };
    for (const waiting of this.#waiting) {
      if (comparePositions(position, waiting.position) < 0) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}
