import type { Json } from '#kernel/json';
import type { JobContent } from './job-request.js';
import type { JobFailure, JobProgress, JobState, JobView } from './jobs.port.js';

/** A job as both adapters store it, as JSON. Times are Unix milliseconds. */
export interface JobRecord {
  readonly key: string;
  readonly content: JobContent;
  /** Grows with every change; a store writes only over the one that was read. */
  readonly rev: number;
  /** Grows when the key begins anew: by other content, or by hand. */
  readonly generation: number;
  /** `pending` is scheduled or waiting, as the time has it. */
  readonly state: 'pending' | 'running' | 'finished' | 'dead' | 'cancelled';
  readonly runAt: number;
  readonly scheduledAt: number;
  readonly attempt: number;
  /** How often a run of this generation was taken over from a worker that died. */
  readonly takeovers: number;
  /** Id of the run that is under way: what an older one reports counts no longer. */
  readonly run?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly progress?: JobProgress;
  readonly cancelling?: boolean;
  readonly error?: JobFailure;
  readonly result?: Json;
  /** What was scheduled by the same key while it ran. */
  readonly follow?: JobContent;
}

export function isEnded({ state }: JobRecord): boolean {
  return state === 'finished' || state === 'dead' || state === 'cancelled';
}

export function stateOf({ state, runAt }: JobRecord, now: number): JobState {
  if (state !== 'pending') return state;
  return runAt > now ? 'scheduled' : 'waiting';
}

export function viewOf(record: JobRecord, now: number): JobView {
  const { key, content, startedAt, endedAt, progress, cancelling, error, result } = record;
  const { queue, handler, payload, time, priority, attempts } = content;
  return {
    ...{ key, queue, handler, payload },
    ...(time && { time }),
    priority,
    state: stateOf(record, now),
    runAt: timeText(record.runAt),
    scheduledAt: timeText(record.scheduledAt),
    attempt: record.attempt,
    maxAttempts: attempts,
    ...(startedAt !== undefined && { startedAt: timeText(startedAt) }),
    ...(endedAt !== undefined && { endedAt: timeText(endedAt) }),
    ...(progress && { progress }),
    ...(cancelling && { cancelling }),
    ...(error && { error }),
    ...(result !== undefined && { result }),
  };
}

export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
