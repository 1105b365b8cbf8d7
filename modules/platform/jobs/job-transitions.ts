import { isDeepStrictEqual } from 'node:util';
import type { Json } from '#kernel/json';
import { isEnded, type JobRecord, timeText } from './job-record.js';
import type { JobContent } from './job-request.js';
import { JobNotEnded, JobNotFound } from './jobs.errors.js';
import type { Backoff, JobFailure, JobProgress } from './jobs.port.js';
import { firstTime, isRecurrence, lastOccurrence, nextOccurrence } from './schedule-times.js';

/** Workers that may die over one job before it is dead itself. */
const MAX_TAKEOVERS = 10;

/** Occurrences that are made up for in one go. */
const MAX_OWED = 1_000;

/** What a job may become, the same in every store. Each returns the record it was given where nothing changes. */
export function scheduled(record: JobRecord | undefined, key: string, content: JobContent, now: number): JobRecord {
  if (!record) return anew({ rev: 0, generation: 0 }, key, content, now);
  const isOff = record.state === 'cancelled' || record.cancelling;
  const latest = record.follow ?? (isOff ? undefined : record.content);
  if (isDeepStrictEqual(latest, content)) return record;
  if (record.state !== 'running') return anew(record, key, content, now);
  // Back to what is running anyway: nothing has to follow it.
  if (!isOff && isDeepStrictEqual(record.content, content)) return changed(record, { follow: undefined });
  return changed(record, { follow: content });
}

/** The record it was given where there was nothing to cancel. */
export function cancelled(record: JobRecord, now: number): JobRecord {
  if (isEnded(record) || (record.cancelling && !record.follow)) return record;
  if (record.state === 'running') return changed(record, { cancelling: true, follow: undefined });
  return changed(record, { state: 'cancelled', endedAt: now });
}

/** Throws JobNotFound and JobNotEnded. */
export function retried(record: JobRecord | undefined, key: string, now: number): JobRecord {
  if (!record) throw new JobNotFound(key);
  if (record.state !== 'dead' && record.state !== 'cancelled') throw new JobNotEnded(key, record.state);
  const again = anew(record, key, record.content, now);
  return isRecurrence(record.content.time) ? again : { ...again, runAt: now };
}

/**
 * The next run of what is due; or the end, where it was cancelled meanwhile or kills its workers; or a later time: from its second
 * takeover on it waits as after a failure, so that what is innocent is not run together with what kills the process.
 */
export function begun(record: JobRecord, run: string, now: number, random: () => number): JobRecord {
  const { attempt, state, content } = record;
  if (state !== 'running') {
    return changed(record, { state: 'running', run, startedAt: now, attempt: attempt + 1, progress: undefined });
  }
  const takeovers = record.takeovers + 1;
  if (record.cancelling) return ended(record, 'cancelled', now, {});
  if (takeovers >= MAX_TAKEOVERS) {
    const message = `${takeovers} workers died while they ran it. Mend the handler, then retry the job.`;
    return ended(record, 'dead', now, { takeovers, error: { message } });
  }
  if (takeovers === 1) return changed(record, { run, startedAt: now, takeovers, progress: undefined });
  const runAt = now + delayAfter(takeovers - 1, content.backoff, random());
  return changed(record, { state: 'pending', run: undefined, takeovers, attempt: attempt - 1, runAt });
}

export function finished(record: JobRecord, result: Json | undefined, now: number): JobRecord {
  return ended(record, 'finished', now, { result, error: undefined });
}

/** Whether the failure can be mended by another attempt, or not. */
export type Mending = 'retryable' | 'terminal';

export function failed(
  record: JobRecord,
  error: JobFailure,
  mending: Mending,
  now: number,
  random: () => number,
): JobRecord {
  const { attempt, content } = record;
  if (record.cancelling) return ended(record, 'cancelled', now, { error });
  if (mending === 'terminal' || attempt >= content.attempts) return ended(record, 'dead', now, { error });
  if (record.follow) return ended(record, 'finished', now, {});
  const runAt = now + delayAfter(attempt, content.backoff, random());
  return changed(record, { state: 'pending', run: undefined, runAt, error });
}

/** The run was given up because its worker stops: that is nobody's failure. */
export function released(record: JobRecord, now: number): JobRecord {
  if (record.cancelling) return ended(record, 'cancelled', now, {});
  return changed(record, { state: 'pending', run: undefined, attempt: record.attempt - 1, runAt: now });
}

export function progressed(record: JobRecord, progress: JobProgress): JobRecord {
  return changed(record, { progress });
}

/** A recurring job that is due: the occurrences that are owed, and itself, waiting for the one after them. */
export function recurred(record: JobRecord, now: number): { readonly record: JobRecord; readonly owed: JobRecord[] } {
  const { time } = record.content;
  if (!isRecurrence(time)) throw new TypeError(`Job '${record.key}' does not recur.`);
  const begunAt = record.scheduledAt;
  let at: number | undefined = record.runAt;
  if (time.catchUp !== 'all') at = Math.max(at, lastOccurrence(time, now, begunAt) ?? at);
  const owed: JobRecord[] = [];
  while (at !== undefined && at <= now && owed.length < MAX_OWED) {
    owed.push(occurrence(record, at, now));
    at = nextOccurrence(time, at, begunAt);
  }
  const next = at === undefined ? ended(record, 'finished', now, {}) : changed(record, { runAt: at });
  return { record: next, owed };
}

/** Milliseconds. Exponential back-off with jitter keeps what failed together from failing together again. */
export function delayAfter(attempt: number, backoff: Backoff, random: number): number {
  const { initial = 0, max = 0, jitter = 0 } = backoff;
  return Math.round(Math.min(max, initial * 2 ** (attempt - 1)) * (1 - jitter * random));
}

function occurrence({ key, content }: JobRecord, at: number, now: number): JobRecord {
  const time = timeText(at);
  return anew({ rev: 0, generation: 0 }, `${key}@${time}`, { ...content, time: { at: time } }, now);
}

function anew(before: Pick<JobRecord, 'rev' | 'generation'>, key: string, content: JobContent, now: number): JobRecord {
  return {
    ...{ key, content, rev: before.rev + 1, generation: before.generation + 1, state: 'pending' },
    ...{ runAt: firstTime(content.time, now) ?? now, scheduledAt: now, attempt: 0, takeovers: 0 },
  };
}

function ended(
  record: JobRecord,
  state: 'finished' | 'dead' | 'cancelled',
  now: number,
  changes: Partial<JobRecord>,
): JobRecord {
  if (record.follow) return anew(record, record.key, record.follow, now);
  return changed(record, { ...changes, state, run: undefined, endedAt: now, cancelling: undefined });
}

function changed(record: JobRecord, changes: Partial<JobRecord>): JobRecord {
  return { ...record, ...changes, rev: record.rev + 1 };
}
