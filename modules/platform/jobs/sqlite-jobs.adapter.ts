import { type Clock, systemClock } from '#kernel/clock';
import { type Ids, systemIds } from '#kernel/ids';
import { applySteps } from '#platform/sqlite/schema-steps';
import type { Urgency } from '#platform/sqlite/group-commit';
import { SqliteDatabase, type SqliteOptions } from '#platform/sqlite/sqlite-database';
import { WriteRefused } from '#platform/sqlite/sqlite.errors';
import { jobsSteps } from '../../../migrations/sqlite-jobs/steps.js';
import { type JobRecord, viewOf } from './job-record.js';
import { assertQuery, assertQueue, contentOf } from './job-request.js';
import type { Outcome } from './job-run.js';
import * as transitions from './job-transitions.js';
import { JobsUnavailable } from './jobs.errors.js';
import type {
  JobHandlers,
  JobPage,
  JobProgress,
  JobQuery,
  JobRequest,
  Jobs,
  JobView,
  JobWorker,
  WorkOptions,
} from './jobs.port.js';
import { DEFAULT_CONCURRENCY, type FullJobsSettings, type JobsSettings, withDefaults } from './jobs-settings.js';
import { SqliteJobTable } from './sqlite-job-table.js';
import { type JobStock, SqliteJobWorker } from './sqlite-job-worker.js';

export interface SqliteJobsOptions extends SqliteOptions, JobsSettings {
  readonly clock?: Clock;
  readonly ids?: Ids;
}

/** Jobs in a SQLite file. Only one process has it open: what nobody runs here was left by one that is gone. */
export class SqliteJobs implements Jobs {
  /** Those that run jobs in this process: a file may be open more than once in it. */
  static readonly #living = new Set<string>();
  static readonly #workersOn = new WeakMap<SqliteDatabase, Set<SqliteJobWorker>>();

  readonly #table: SqliteJobTable;
  readonly #settings: FullJobsSettings;
  /** Those of this object, and all on the file. */
  readonly #workers = new Set<SqliteJobWorker>();
  readonly #neighbours: Set<SqliteJobWorker>;
  readonly #owner: string;
  #closed: Promise<void> | undefined;

  /** Opens the jobs in a file, which they may share with the other stores, or in `:memory:`. Rejects with StoreUnusable. */
  static async open(path: string, options: SqliteJobsOptions = {}): Promise<SqliteJobs> {
    const database = SqliteDatabase.open(path, options);
    try {
      applySteps(database, 'jobs', jobsSteps);
      const jobs = new SqliteJobs(database, options);
      SqliteJobs.#living.add(jobs.#owner);
      await database.write(() => jobs.#table.takeOver(SqliteJobs.#living));
      return jobs;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(
    private readonly database: SqliteDatabase,
    options: SqliteJobsOptions,
    private readonly clock: Clock = options.clock ?? systemClock,
    private readonly ids: Ids = options.ids ?? systemIds,
  ) {
    this.#settings = withDefaults(options);
    this.#table = new SqliteJobTable(database, this.#settings);
    this.#owner = this.ids.next();
    this.#neighbours = SqliteJobs.#workersOn.get(database) ?? new Set();
    SqliteJobs.#workersOn.set(database, this.#neighbours);
  }

  async schedule(request: JobRequest): Promise<JobView> {
    const content = contentOf(request, this.#now());
    const record = await this.#change(request.key, (before) =>
      transitions.scheduled(before, request.key, content, this.#now()),
    );
    return viewOf(record!, this.#now());
  }

  async cancel(key: string): Promise<boolean> {
    let isNew = false;
    const record = await this.#change(key, (before) => {
      const after = before && transitions.cancelled(before, this.#now());
      isNew = after !== before;
      return after;
    });
    if (record?.cancelling) for (const worker of this.#neighbours) worker.interrupt(key, 'cancelled');
    return isNew;
  }

  async get(key: string): Promise<JobView | null> {
    const record = this.#look(() => this.#table.get(key));
    return record ? viewOf(record, this.#now()) : null;
  }

  async list(query: JobQuery = {}): Promise<JobPage> {
    assertQuery(query);
    return this.#look(() => this.#table.list(query, this.#now()));
  }

  async retry(key: string): Promise<JobView> {
    const record = await this.#change(key, (before) => transitions.retried(before, key, this.#now()));
    return viewOf(record!, this.#now());
  }

  work(queue: string, handlers: JobHandlers, { concurrency = DEFAULT_CONCURRENCY }: WorkOptions = {}): JobWorker {
    assertQueue(queue);
    const forget = (worker: SqliteJobWorker): void => {
      this.#workers.delete(worker);
      this.#neighbours.delete(worker);
    };
    const { drain } = this.#settings;
    const worker = new SqliteJobWorker(queue, this.#stock(queue), handlers, concurrency, drain, forget);
    this.#workers.add(worker);
    this.#neighbours.add(worker);
    return worker;
  }

  /** A file does not come and go: it never calls. */
  onLoss(): () => void {
    return () => undefined;
  }

  async check(): Promise<void> {
    await this.#write(() => undefined);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
    SqliteJobs.#living.delete(this.#owner);
    await this.database.close();
  }

  #stock(queue: string): JobStock {
    return {
      now: () => this.#now(),
      nextDue: () => this.#table.nextDue(queue),
      warn: (error) => this.#settings.warn(`Jobs of queue '${queue}': ${(error as Error).message}`),
      claim: (limit) =>
        this.#write(() => this.#table.claim(queue, limit, this.#owner, () => this.ids.next(), this.#now())),
      end: (run, outcome) => this.#ofRun(run, (record) => this.#ended(record, outcome)),
      progress: (run, progress: JobProgress) => this.#ofRun(run, (record) => transitions.progressed(record, progress)),
    };
  }

  #ended(record: JobRecord, outcome: Outcome): JobRecord {
    if (outcome === 'released') return transitions.released(record, this.#now());
    if ('result' in outcome) return transitions.finished(record, outcome.result, this.#now());
    return transitions.failed(record, outcome.error, outcome.mending, this.#now(), this.#settings.random);
  }

  /** Changes the record for as long as it is this run's. */
  async #ofRun(run: JobRecord, change: (record: JobRecord) => JobRecord): Promise<void> {
    // Nobody waits for it; those that wait for their next job should not wait for its trip to the disk.
    await this.#change(run.key, (record) => (record?.run === run.run ? record && change(record) : record), 'patient');
  }

  async #change(
    key: string,
    change: (before: JobRecord | undefined) => JobRecord | undefined,
    urgency?: Urgency,
  ): Promise<JobRecord | undefined> {
    const record = await this.#write(() => {
      const before = this.#table.get(key);
      const after = change(before);
      if (after && after !== before) this.#table.put(after, this.#now(), after.run ? this.#owner : null);
      return after;
    }, urgency);
    if (record?.state === 'pending') this.#wake(record.content.queue);
    return record;
  }

  #wake(queue: string): void {
    for (const worker of this.#neighbours) if (worker.queue === queue) worker.wake();
  }

  #now(): number {
    return this.clock.now().getTime();
  }

  #look<T>(query: () => T): T {
    this.#assertOpen();
    try {
      return query();
    } catch (error) {
      if ((error as { errcode?: number }).errcode === undefined) throw error;
      throw new JobsUnavailable(`SQLite cannot read the jobs: ${(error as Error).message}`, { cause: error });
    }
  }

  async #write<T>(work: () => T, urgency?: Urgency): Promise<T> {
    if (this.#workers.size === 0) this.#assertOpen();
    try {
      return await this.database.write(work, urgency);
    } catch (error) {
      if (!(error instanceof WriteRefused)) throw error;
      throw new JobsUnavailable(error.message, { cause: error });
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new JobsUnavailable('The jobs are closed.');
  }
}
