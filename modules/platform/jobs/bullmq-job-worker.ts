import { DelayedError, type Job, Worker } from 'bullmq';
import type { JobRecord } from './job-record.js';
import { isEnded } from './job-record.js';
import { JobRun, type Outcome, settled, type StopReason } from './job-run.js';
import * as transitions from './job-transitions.js';
import { JobsUnavailable } from './jobs.errors.js';
import type { JobHandlers, JobWorker } from './jobs.port.js';
import type { FullJobsSettings } from './jobs-settings.js';
import { isConnectionError, type RedisLink } from './redis-link.js';
import type { RedisRecords } from './redis-records.js';
import { isRecurrence } from './schedule-times.js';

const RETRY_AFTER = 250;
/** How often a run is compared with its record, in milliseconds: a message that it is cancelled can be missed. */
const LOOK_EVERY = 5_000;

/** BullMQ's own last words, in milliseconds: where Redis is gone it would wait for it. */
const CLOSES_WITHIN = 2_000;

/** What BullMQ carries: which job is due, not what it is. */
export interface Mover {
  readonly key: string;
  readonly generation: number;
}

/** What a worker needs of the store. */
export interface MovedJobs {
  readonly link: RedisLink;
  readonly records: RedisRecords;
  readonly prefix: string;
  readonly settings: FullJobsSettings;
  newRun(): string;
  /** Has BullMQ bring the record when it is due; asked again it changes nothing. */
  move(record: JobRecord): Promise<void>;
}

/**
 * Redis ends a blocking read that has timed out only when it looks around, ten times a second where it is idle. Any command makes
 * it look: one at the right moment makes delayed jobs punctual.
 */
class PunctualWorker extends Worker<Mover> {
  poke: () => void = () => undefined;

  protected override getBlockTimeout(blockUntil: number): number {
    const seconds = super.getBlockTimeout(blockUntil);
    if (blockUntil && seconds > 0) {
      for (const later of [1, 4]) setTimeout(() => this.poke(), Math.ceil(seconds * 1_000) + later).unref();
    }
    return seconds;
  }

  /** Lets go of what runs and does not end: the locks run out, and others take over. */
  async abandon(): Promise<void> {
    await this.lockManager.close();
    // Ends the look-out for stalled jobs. What waits for Redis in there must not be waited for.
    this.pause(true).catch(() => undefined);
  }
}

/** Works on one queue through BullMQ, which claims, locks, delays and takes over; the record says what to do. */
export class BullMqJobWorker implements JobWorker {
  readonly #worker: PunctualWorker;
  readonly #runs = new Map<string, JobRun>();
  readonly #active = new Set<Promise<void>>();
  readonly #looking: NodeJS.Timeout;
  #stopped: Promise<void> | undefined;

  constructor(
    private readonly queue: string,
    private readonly jobs: MovedJobs,
    private readonly handlers: JobHandlers,
    concurrency: number,
    private readonly onStop: (worker: BullMqJobWorker) => void,
  ) {
    const { link, prefix, settings } = jobs;
    this.#worker = new PunctualWorker(queue, (job, token) => this.#tracked(this.#process(job, token!)), {
      connection: link.client,
      prefix,
      concurrency,
      lockDuration: settings.lock,
      stalledInterval: Math.max(100, settings.lock / 2),
      // How often a job may be taken over is counted in its record.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 1_000,
    });
    this.#worker.poke = () => {
      if (link.client.status === 'ready') link.client.ping().catch(() => undefined);
    };
    this.#worker.on('error', (error) => {
      if (!isConnectionError(error)) this.#warn(error);
    });
    this.#worker.on('lockRenewalFailed', () => void this.#look());
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY).unref();
  }

  interrupt(key: string, reason: StopReason): void {
    this.#runs.get(key)?.stop(reason);
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const { drain } = this.jobs.settings;
    const impatience = setTimeout(() => {
      for (const run of this.#runs.values()) run.stop('worker stops');
    }, drain);
    let isClosed = false;
    const closed = this.#worker.close().then(() => (isClosed = true));
    await settled([...this.#active], 2 * drain);
    await settled([closed], CLOSES_WITHIN);
    if (!isClosed) await this.#worker.abandon();
    clearTimeout(impatience);
    clearInterval(this.#looking);
    this.onStop(this);
  }

  #tracked(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.#active.delete(tracked));
    this.#active.add(tracked);
    return tracked;
  }

  /** What comes may be old, repeated or early: the record decides. */
  async #process(mover: Job<Mover>, token: string): Promise<void> {
    const { key, generation } = mover.data;
    for (;;) {
      const record = await this.#persistently(() => this.jobs.records.get(key));
      if (!record || isEnded(record)) return;
      // A crash may have come between the record and its mover.
      if (record.generation !== generation) return this.#persistently(() => this.jobs.move(record));
      const isEarly = record.runAt > Date.now() || this.#stopped !== undefined;
      if (record.state === 'pending' && isEarly) return await this.#later(mover, token, record);
      if (isRecurrence(record.content.time)) await this.#recur(record);
      else await this.#run(record);
    }
  }

  async #later(mover: Job<Mover>, token: string, record: JobRecord): Promise<never> {
    await mover.moveToDelayed(record.runAt, token);
    throw new DelayedError();
  }

  /** The occurrences come first: after a crash in between they are found as they are. */
  async #recur(record: JobRecord): Promise<void> {
    const { record: waiting, owed } = transitions.recurred(record, Date.now());
    for (const each of owed) {
      await this.#persistently(async () => {
        const occurrence = await this.jobs.records.change(each.key, (before) => before ?? each);
        if (occurrence.state === 'pending') await this.jobs.move(occurrence);
      });
    }
    await this.#changeIf(
      record,
      (before) => before.rev === record.rev,
      () => waiting,
    );
  }

  async #run(record: JobRecord): Promise<void> {
    const id = this.jobs.newRun();
    const started = await this.#changeIf(
      record,
      ({ rev }) => rev === record.rev,
      (before) => transitions.begun(before, id, Date.now(), this.jobs.settings.random),
    );
    if (started?.run !== id) return;

    const isOurs = ({ run }: JobRecord): boolean => run === id;
    const run = new JobRun(started, this.handlers, async (progress) => {
      const current = await this.jobs.records.change(started.key, (before) =>
        before && isOurs(before) ? transitions.progressed(before, progress) : before,
      );
      this.#compare(run, current);
    });
    this.#runs.set(record.key, run);
    try {
      const outcome = await run.outcome();
      const after = await this.#changeIf(started, isOurs, (before) => this.#ended(before, outcome));
      if (after && after.generation !== record.generation) await this.#persistently(() => this.jobs.move(after));
    } finally {
      if (this.#runs.get(record.key) === run) this.#runs.delete(record.key);
    }
  }

  #ended(record: JobRecord, outcome: Outcome): JobRecord {
    if (outcome === 'released') return transitions.released(record, Date.now());
    if ('result' in outcome) return transitions.finished(record, outcome.result, Date.now());
    return transitions.failed(record, outcome.error, outcome.mending, Date.now(), this.jobs.settings.random);
  }

  #changeIf(
    guess: JobRecord,
    condition: (record: JobRecord) => boolean,
    change: (record: JobRecord) => JobRecord,
  ): Promise<JobRecord | undefined> {
    return this.#persistently(() =>
      this.jobs.records.change(guess.key, (before) => (before && condition(before) ? change(before) : before), guess),
    );
  }

  async #look(): Promise<void> {
    for (const [key, run] of this.#runs) {
      try {
        this.#compare(run, await this.jobs.records.get(key));
      } catch {
        // Redis is away: nothing can be known of it.
      }
    }
  }

  #compare(run: JobRun, record: JobRecord | undefined): void {
    if (record?.run !== run.record.run) run.stop('lock lost');
    else if (record?.cancelling) run.stop('cancelled');
  }

  #warn(error: unknown): void {
    this.jobs.settings.warn(`Jobs of queue '${this.queue}': ${(error as Error).message}`);
  }

  /** What was done and not written down would be done again: better late than twice. When we stop, another takes over. */
  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (this.#stopped) throw error;
        if (!(error instanceof JobsUnavailable)) this.#warn(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
      }
    }
  }
}
