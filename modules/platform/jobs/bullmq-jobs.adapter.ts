import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { systemIds } from '#kernel/ids';
import { BullMqJobWorker, type MovedJobs, type Mover } from './bullmq-job-worker.js';
import { type JobRecord, viewOf } from './job-record.js';
import { assertQuery, assertQueue, contentOf, MAX_PRIORITY } from './job-request.js';
import * as transitions from './job-transitions.js';
import { JobsUnavailable } from './jobs.errors.js';
import type { JobHandlers, JobPage, JobQuery, JobRequest, Jobs, JobView, JobWorker, WorkOptions } from './jobs.port.js';
import { DEFAULT_CONCURRENCY, type FullJobsSettings, type JobsSettings, withDefaults } from './jobs-settings.js';
import { placeOf, RedisLink, type RedisPlace } from './redis-link.js';
import { RedisLoss } from './redis-loss.js';
import { RedisRecords } from './redis-records.js';

/** BullMQ writes down what it does for those who listen; here nobody does. */
const EVENTS_KEPT = 100;

/**
 * Jobs in Redis. Each is a record of ours (`redis-records.ts`) and, while it is to be run, a job of BullMQ's that carries its key
 * and brings it to a worker when it is due. BullMQ forgets its own when they are done: what is kept, and how much, is the record's.
 */
export class BullMqJobs implements Jobs {
  readonly #records: RedisRecords;
  readonly #loss: RedisLoss;
  readonly #queues = new Map<string, Queue<Mover>>();
  readonly #workers = new Set<BullMqJobWorker>();
  #listener: Redis | undefined;
  #closed: Promise<void> | undefined;

  /** Rejects with JobsUnavailable where Redis cannot be reached in time. */
  static async open(url: string, settings: JobsSettings = {}): Promise<BullMqJobs> {
    const place = placeOf(url);
    const full = withDefaults(settings);
    const jobs = new BullMqJobs(place, full, new RedisLink(place, full.patience));
    try {
      await jobs.#start();
      return jobs;
    } catch (error) {
      jobs.#link.close();
      throw error;
    }
  }

  readonly #link: RedisLink;

  private constructor(
    private readonly place: RedisPlace,
    private readonly settings: FullJobsSettings,
    link: RedisLink,
  ) {
    this.#link = link;
    this.#records = new RedisRecords(link, place.prefix, settings);
    this.#loss = new RedisLoss(link, `${place.prefix}-jobs:mark`);
  }

  async schedule(request: JobRequest): Promise<JobView> {
    const content = contentOf(request, Date.now());
    let before: JobRecord | undefined;
    const record = await this.#open().change(request.key, (found) => {
      before = found;
      return transitions.scheduled(found, request.key, content, Date.now());
    });
    if (record.state === 'pending') await this.#move(record);
    if (before && before.generation !== record.generation) await this.#forget(before);
    return viewOf(record, Date.now());
  }

  async cancel(key: string): Promise<boolean> {
    let before: JobRecord | undefined;
    const record = await this.#open().change(key, (found) => {
      before = found;
      return found && transitions.cancelled(found, Date.now());
    });
    if (!record || record === before) return false;
    if (record.cancelling) await this.#link.within(() => this.#link.client.publish(this.#channel, key));
    else await this.#forget(record);
    return true;
  }

  async get(key: string): Promise<JobView | null> {
    const record = await this.#open().get(key);
    return record ? viewOf(record, Date.now()) : null;
  }

  async list(query: JobQuery = {}): Promise<JobPage> {
    assertQuery(query);
    return this.#open().list(query, Date.now());
  }

  async retry(key: string): Promise<JobView> {
    const record = await this.#open().change(key, (before) => transitions.retried(before, key, Date.now()));
    await this.#move(record);
    return viewOf(record, Date.now());
  }

  work(queue: string, handlers: JobHandlers, { concurrency = DEFAULT_CONCURRENCY }: WorkOptions = {}): JobWorker {
    assertQueue(queue);
    this.#open();
    this.#listen();
    const jobs: MovedJobs = {
      link: this.#link,
      records: this.#records,
      prefix: this.place.prefix,
      settings: this.settings,
      newRun: () => systemIds.next(),
      move: (record) => this.#move(record),
    };
    const worker = new BullMqJobWorker(queue, jobs, handlers, concurrency, (each) => this.#workers.delete(each));
    this.#workers.add(worker);
    return worker;
  }

  onLoss(listener: () => void): () => void {
    return this.#loss.onLoss(listener);
  }

  async check(): Promise<void> {
    this.#open();
    // A write, for a Redis that is full or a replica answers reads.
    await this.#link.within(() => this.#link.client.set(`${this.place.prefix}-jobs:check`, '1', 'PX', 1_000));
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
    this.#loss.stop();
    this.#listener?.disconnect();
    // The connection is ours; what BullMQ would say on it at its end is not needed.
    this.#link.close();
  }

  async #start(): Promise<void> {
    await this.#loss.start();
    const info = await this.#link.within(() => this.#link.client.info('memory'));
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'noeviction';
    if (policy !== 'noeviction') {
      this.settings.warn(
        `Redis at ${this.place.shown} has the maxmemory-policy ${policy} and will throw jobs away when it is full. Set it to noeviction.`,
      );
    }
    this.#loss.onLoss(() => {
      // A queue that was emptied lost its settings, too: it is set up again when it is used.
      this.#queues.clear();
      this.#moveAll().catch((error: Error) => this.settings.warn(`Jobs after a loss of Redis: ${error.message}`));
    });
  }

  /** The last moments that a killed Redis forgets may be just those between a record and its job of BullMQ's. */
  async #moveAll(): Promise<void> {
    for await (const records of this.#records.live()) {
      await Promise.all(records.map((record) => this.#move(record)));
    }
  }

  get #channel(): string {
    return `${this.place.prefix}-jobs:cancel`;
  }

  #listen(): void {
    if (this.#listener) return;
    const listener = this.#link.client.duplicate();
    // Redis being away is told by the first connection; this one comes back by itself, and listens again then.
    listener.on('error', () => undefined);
    listener.on('message', (_channel: string, key: string) => {
      for (const worker of this.#workers) worker.interrupt(key, 'cancelled');
    });
    listener.subscribe(this.#channel).catch(() => undefined);
    this.#listener = listener;
  }

  async #move({ key, generation, content, runAt }: JobRecord): Promise<void> {
    const now = Date.now();
    await this.#link.within(() =>
      this.#queue(content.queue).add(
        content.handler,
        { key, generation },
        {
          jobId: moverId(key, generation),
          timestamp: now,
          delay: Math.max(0, runAt - now),
          // BullMQ's smallest goes first.
          priority: 1 + MAX_PRIORITY - content.priority,
          // Attempts are the record's; these are for failures of our own between Redis and the handler.
          attempts: Number.MAX_SAFE_INTEGER,
          backoff: { type: 'fixed', delay: 1_000 },
          removeOnComplete: true,
          removeOnFail: true,
          stackTraceLimit: 1,
        },
      ),
    );
  }

  /** One that is not removed finds that its record has changed. */
  async #forget({ key, generation, content }: JobRecord): Promise<void> {
    await this.#link.within(() => this.#queue(content.queue).remove(moverId(key, generation))).catch(() => undefined);
  }

  #queue(name: string): Queue<Mover> {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new Queue<Mover>(name, {
        connection: this.#link.client,
        prefix: this.place.prefix,
        streams: { events: { maxLen: EVENTS_KEPT } },
      });
      queue.on('error', () => undefined);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #open(): RedisRecords {
    if (this.#closed) throw new JobsUnavailable('The jobs are closed.');
    return this.#records;
  }
}

/** BullMQ's ids have no colon and are no number. */
function moverId(key: string, generation: number): string {
  return `${encodeURIComponent(key)}.${generation}.g`;
}
