import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { EventStore } from '#platform/event-store/event-store.port';
import { beginSealing, sealingBegan } from './sealing-mark.js';

/**
 * Knows whether anything was ever sealed, so that what has no personal data needs not be looked through. Where others share the
 * stores they are asked again from time to time; whoever begins to seal waits until none can be of the old opinion.
 */
export class SealingWatch {
  readonly #log = new Logger(SealingWatch.name);
  /** When it was first known that something may be sealed; undefined as long as nothing was. */
  #begunSince: number | undefined;
  #lookedAt = -Infinity;
  #isLooking = false;

  constructor(
    private readonly events: EventStore,
    /** Whether others may seal something. */
    private readonly othersSeal: boolean,
    /** Milliseconds for which what others did may not be known here. */
    private readonly staleAfter: number,
  ) {}

  /** Whether it is certain that nothing was ever sealed. Never waits: until the store has answered, nothing is certain. */
  get nothing(): boolean {
    if (this.#begunSince !== undefined) return false;
    if (!this.othersSeal) return true;
    const age = performance.now() - this.#lookedAt;
    if (age >= this.staleAfter / 2 && !this.#isLooking) void this.#lookAgain();
    return age < this.staleAfter;
  }

  /** Asks the store. */
  async look(): Promise<void> {
    const at = performance.now();
    const hasBegun = await sealingBegan(this.events);
    this.#lookedAt = at;
    if (hasBegun) this.noted();
  }

  /** Something is sealed. */
  noted(): void {
    this.#begunSince ??= performance.now();
  }

  /** Says so to all who will ever read these events; before the first key is kept. */
  async begin(now: Date): Promise<void> {
    if (this.#begunSince === undefined) await beginSealing(this.events, now);
    this.noted();
  }

  /** Resolves when nobody can be certain of the opposite any more: at once, but at the beginning of a process's life. */
  async othersKnow(): Promise<void> {
    this.noted();
    const rest = this.#begunSince! + this.staleAfter - performance.now();
    if (this.othersSeal && rest > 0) await setTimeout(rest);
  }

  async #lookAgain(): Promise<void> {
    this.#isLooking = true;
    try {
      await this.look();
    } catch (error) {
      this.#log.debug(`Whether anything is sealed is not known now: ${(error as Error).message}`);
    } finally {
      this.#isLooking = false;
    }
  }
}
