import { setImmediate } from 'node:timers/promises';
import { Logger, type LoggerService } from '@nestjs/common';
import { inTime } from '#platform/in-time';
import type { EventStore } from '#platform/event-store/event-store.port';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { Leases } from '#platform/projecting/leases';
import { backoff } from '#platform/projecting/retry-policy';
import { type Stopwatch, systemStopwatch } from '#platform/projecting/stopwatch';
import type { Tenure } from '#platform/projecting/tenure';
import { CheckpointMoved, LeaseLost } from '#platform/read-store/read-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { HeadSigner } from '../heads/head-signer.js';
import type { SignedHead } from '../heads/signed-head.js';
import { HistoryChanged } from '../heads/signed-heads.js';
import type { AuditTree } from './audit-tree.js';
import { auditTiles } from './tiles.js';
import { TREE } from './tree-checkpoint.js';
import { TreeWriter } from './tree-writer.js';

export interface TreeRunnerOptions {
  /** Seconds between two signed heads, where the log has grown; default 60. */
  readonly signEvery?: number;
  /** Milliseconds between two looks at the store, once everything is in the tree; default 1,000. */
  readonly lookEvery?: number;
  /** Most events in one write; default 500: some milliseconds of the event loop's time. */
  readonly pageSize?: number;
  /** Runs only while the tree's lease is held; without it nobody else may run it. */
  readonly leases?: Leases;
  readonly stopwatch?: Stopwatch;
  readonly logger?: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

export interface TreeStatus {
  /** `elsewhere`: another process has the lease. */
  readonly state: 'stopped' | 'elsewhere' | 'building' | 'live' | 'failing';
  /** Leaves that are written. */
  readonly size: number;
  /** Leaves that the last signed head covers. */
  readonly signed: number;
  /** Why no head is signed any more. */
  readonly refusal?: string;
  /** What went wrong last, where it is failing. */
  readonly error?: string;
}

/**
 * Keeps the tree up to date, a moment behind the events, and has its heads signed: every so often where it grew, and when it stops.
 * Events are read when the page before is written; between two pages everybody else has a turn. A kill at any moment is
 * harmless. Of many processes, the one with the lease does the work.
 */
export class TreeRunner {
  readonly #stop = new AbortController();
  readonly #stopwatch: Stopwatch;
  readonly #logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  #state: TreeStatus['state'] = 'stopped';
  #size = 0;
  #signed = 0;
  #refusal: string | undefined;
  #error: string | undefined;
  #failures = 0;
  #signAt = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly tree: AuditTree,
    private readonly signer: HeadSigner,
    private readonly options: TreeRunnerOptions = {},
  ) {
    this.#stopwatch = options.stopwatch ?? systemStopwatch;
    this.#logger = options.logger ?? new Logger(TreeRunner.name);
  }

  get status(): TreeStatus {
    return {
      ...{ state: this.#state, size: this.#size, signed: this.#signed },
      ...(this.#refusal !== undefined && { refusal: this.#refusal }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Starts in the background; resolves when the tree may be asked. Rejects where the read store does. */
  async start(): Promise<void> {
    await this.documents.define(auditTiles);
    this.#running ??= this.#run();
  }

  /** Takes in what is there, signs it, and ends. The runner cannot be started again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let tenure: Tenure | undefined;
      try {
        if (this.options.leases) {
          this.#state = 'elsewhere';
          tenure = await this.options.leases.acquire(TREE, signal);
          if (!tenure) break;
        }
        await this.#serve(tenure);
      } catch (error) {
        if (error instanceof LeaseLost) tenure?.lose();
        await this.#fail(error);
      }
      await tenure?.release();
    }
    this.#state = 'stopped';
  }

  /** Does the work until this process is stopped or loses the lease. */
  async #serve(tenure: Tenure | undefined): Promise<void> {
    const signal = tenure ? AbortSignal.any([this.#stop.signal, tenure.lost]) : this.#stop.signal;
    const { pageSize = 500, lookEvery = 1_000 } = this.options;
    const writer = new TreeWriter(this.events, this.documents, this.tree, { pageSize, token: tenure?.token });
    this.#state = 'building';
    if (await writer.load()) this.#logger.warn('The audit tree did not fit the events: it is built anew from them.');
    this.#size = writer.size;
    while (!signal.aborted) {
      await this.#catchUp(writer, signal);
      if (signal.aborted) break;
      this.#state = 'live';
      this.#error = undefined;
      this.#failures = 0;
      if (this.#stopwatch.now() >= this.#signAt) await this.#sign(writer);
      await this.#stopwatch.wait(lookEvery, signal);
    }
    const mayWrite = !tenure || tenure.holds;
    if (!mayWrite || this.#state === 'building') return;
    try {
      await inTime(this.#lastWords(writer), LAST_WORDS_MS);
    } catch (error) {
      this.#logger.warn(`The last events are signed with the next start: ${(error as Error).message}`);
    }
  }

  /** Of what was accepted until now: the end of the store stands still, or is near. */
  async #lastWords(writer: TreeWriter): Promise<void> {
    await this.#catchUp(writer, AbortSignal.timeout(LAST_WORDS_MS));
    await this.#sign(writer);
  }

  async #catchUp(writer: TreeWriter, signal: AbortSignal): Promise<void> {
    for (let end = false; !end && !signal.aborted;) {
      end = await writer.grow();
      this.#size = writer.size;
      await setImmediate();
    }
  }

  async #sign(writer: TreeWriter): Promise<void> {
    this.#signAt = this.#stopwatch.now() + (this.options.signEvery ?? 60) * 1_000;
    if (writer.size === this.#signed && this.#refusal === undefined) return;
    try {
      const head = await this.#signOnceMore(writer);
      this.#signed = head?.size ?? 0;
      this.#refusal = undefined;
    } catch (error) {
      // Another process has signed: the next head follows its.
      if (error instanceof WrongExpectedRevision) return;
      const { message } = error as Error;
      if (error instanceof HistoryChanged || error instanceof StreamDeleted) this.#refuse(message);
      else this.#logger.warn(`No head of the audit tree was signed: ${message} It is tried again later.`);
    }
  }

  /** Another process may have signed events that are not in this tree yet: they are by the second time. */
  async #signOnceMore(writer: TreeWriter): Promise<SignedHead | undefined> {
    try {
      return await this.signer.sign(writer.size, writer.position);
    } catch (error) {
      if (!(error instanceof HistoryChanged)) throw error;
      await this.#catchUp(writer, AbortSignal.timeout(LAST_WORDS_MS));
      return this.signer.sign(writer.size, writer.position);
    }
  }

  #refuse(message: string): void {
    if (this.#refusal !== message) this.#logger.error(`The audit tree is not signed any more: ${message}`);
    this.#refusal = message;
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#stop.signal.aborted || error instanceof CheckpointMoved || error instanceof LeaseLost) return;
    this.#state = 'failing';
    this.#error = error instanceof Error ? error.message : String(error);
    const pause = backoff(++this.#failures);
    this.#logger.warn(`The audit tree waits: ${this.#error} Trying again in ${pause} ms.`);
    await this.#stopwatch.wait(pause, this.#stop.signal);
  }
}

/** Milliseconds that the end may take, with a store that does not answer. */
const LAST_WORDS_MS = 5_000;
