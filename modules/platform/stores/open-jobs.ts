import type { Jobs } from '#platform/jobs/jobs.port';
import type { JobsSettings } from '#platform/jobs/jobs-settings';
import type { Durability } from '#platform/sqlite/sqlite-database';

/** How the jobs behave, wherever they are. */
export interface OpenJobsSettings extends JobsSettings {
  readonly durability?: Durability;
  readonly maxQueuedWrites?: number;
}

/**
 * The jobs that the URL names: `sqlite:<path>`, which may be the file of another store, `sqlite::memory:`, or
 * `redis[s]://[<user>:<password>@]<host>:<port>[/<database>][?prefix=<name>]`. Rejects with StoreUnusable or JobsUnavailable.
 */
export async function openJobs(url: string, settings: OpenJobsSettings = {}): Promise<Jobs> {
  // BullMQ takes its time to load: only where it is used.
  switch (url.slice(0, Math.max(0, url.indexOf(':')))) {
    case 'sqlite': {
      const { SqliteJobs } = await import('#platform/jobs/sqlite-jobs.adapter');
      const path = url.slice('sqlite:'.length);
      if (!path) break;
      return SqliteJobs.open(path, settings);
    }
    case 'redis':
    case 'rediss': {
      const { BullMqJobs } = await import('#platform/jobs/bullmq-jobs.adapter');
      return BullMqJobs.open(url, settings);
    }
    default:
  }
  throw new Error(
    `'${url}' is no place for jobs: it must look like sqlite:./data/perdure.db or redis://localhost:6379.`,
  );
}
