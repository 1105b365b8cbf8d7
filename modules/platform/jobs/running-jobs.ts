import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { DeclaredJobs } from './declared-jobs.js';
import { JobRecovery, type JobSource } from './job-recovery.js';
import type { Jobs, JobWorker } from './jobs.port.js';

export interface RunningJobsOptions {
  /** Whether this process works on the queues, or only schedules. */
  readonly work: boolean;
  /** Jobs that run at once, by queue; default 16 each. */
  readonly concurrency?: Readonly<Record<string, number>>;
}

/** The process's share of the jobs, as long as the application runs. */
export class RunningJobs implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #sources: JobSource[] = [];
  #workers: JobWorker[] = [];
  #recovery: JobRecovery | undefined;

  constructor(
    private readonly jobs: Jobs,
    private readonly declared: DeclaredJobs,
    private readonly options: RunningJobsOptions,
  ) {}

  addSource(source: JobSource): void {
    this.#sources.push(source);
  }

  /** Rejects with UnusableJobs. What is outstanding is scheduled meanwhile, so that a long list does not hold up the start. */
  onApplicationBootstrap(): void {
    this.declared.check();
    const { requests, handlers } = this.declared;
    const inCode: JobSource = {
      name: 'code',
      async *outstanding() {
        yield* requests;
      },
    };
    if (!this.options.work) return;
    this.#workers = [...handlers].map(([queue, ofQueue]) =>
      this.jobs.work(queue, ofQueue, { concurrency: this.options.concurrency?.[queue] }),
    );
    this.#recovery = new JobRecovery(this.jobs, [inCode, ...this.#sources]);
    void this.#recovery.start();
  }

  /** What runs may still need the other stores, which close in `onApplicationShutdown`. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#recovery?.stop();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.jobs.close();
  }
}
