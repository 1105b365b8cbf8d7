import { InvalidInput, type Violation } from '#kernel/errors';
import type { Json } from '#kernel/json';
import type { Backoff, JobQuery, JobRequest, JobTime } from './jobs.port.js';
import { assertCron, firstTime, isRecurrence } from './schedule-times.js';

/** Largest payload, and largest result that is kept, in bytes of JSON. */
export const MAX_PAYLOAD_BYTES = 65_536;
export const MAX_PRIORITY = 1_000;
const TEN_YEARS = 10 * 366 * 86_400_000;

/** A request with its defaults: what is compared when a key is scheduled again. */
export interface JobContent {
  readonly handler: string;
  readonly payload: Json;
  readonly time?: JobTime;
  readonly queue: string;
  readonly attempts: number;
  readonly backoff: Required<Backoff>;
  readonly priority: number;
}

/** Fills in what is not given. Throws InvalidInput. */
export function contentOf(request: JobRequest, now: number): JobContent {
  const violations = [...wrong(request), ...wrongTime(request.time, now)];
  if (violations.length > 0) throw new InvalidInput(violations);
  const { handler, payload = null, time, queue = 'default', attempts = 10, backoff, priority = 0 } = request;
  return {
    handler,
    payload,
    ...(time && { time }),
    queue,
    attempts,
    backoff: { initial: 1_000, max: 3_600_000, jitter: 0.5, ...backoff },
    priority,
  };
}

export const DEFAULT_PAGE = 100;

/** Throws InvalidInput. */
export function assertQuery({ limit = DEFAULT_PAGE }: JobQuery): void {
  if (isWhole(limit, 1, 1_000)) return;
  throw new InvalidInput([{ pointer: '/query/limit', detail: 'It must be a whole number from 1 to 1000.' }]);
}

/** Throws InvalidInput. */
export function assertQueue(queue: string): void {
  if (isName(queue)) return;
  throw new InvalidInput([{ pointer: '/queue', detail: `'${queue}' is not the name of a queue.` }]);
}

const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
const KEY = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

export function isName(text: unknown): boolean {
  return typeof text === 'string' && NAME.test(text);
}

function* wrong({ key, handler, payload = null, queue = 'default', ...rest }: JobRequest): Generator<Violation> {
  const name = "It must begin with a letter or a digit and have letters, digits, '.', '-' and '_', at most 100.";
  if (typeof key !== 'string' || !KEY.test(key)) {
    yield { pointer: '/key', detail: 'It must be printable text of 1 to 200 characters.' };
  }
  if (!isName(handler)) yield { pointer: '/handler', detail: name };
  if (!isName(queue)) yield { pointer: '/queue', detail: name };
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > MAX_PAYLOAD_BYTES) {
    const detail = `It has ${bytes} bytes of JSON; the limit is ${MAX_PAYLOAD_BYTES}. Keep a reference in it instead.`;
    yield { pointer: '/payload', detail };
  }
  yield* wrongNumbers(rest);
}

function* wrongNumbers({ attempts = 10, priority = 0, backoff = {} }: Partial<JobRequest>): Generator<Violation> {
  if (!isWhole(attempts, 1, 1_000)) {
    yield { pointer: '/attempts', detail: 'It must be a whole number from 1 to 1000.' };
  }
  if (!isWhole(priority, 0, MAX_PRIORITY)) {
    yield { pointer: '/priority', detail: `It must be a whole number from 0 to ${MAX_PRIORITY}.` };
  }
  const { initial = 0, max = 0, jitter = 0 } = backoff;
  for (const [field, value] of Object.entries({ initial, max })) {
    if (isWhole(value, 0, TEN_YEARS)) continue;
    yield { pointer: `/backoff/${field}`, detail: 'It must be a whole number of milliseconds.' };
  }
  if (!(jitter >= 0 && jitter <= 1)) yield { pointer: '/backoff/jitter', detail: 'It must be from 0 to 1.' };
}

function* wrongTime(time: JobTime | undefined, now: number): Generator<Violation> {
  if (!time) return;
  for (const field of ['at', 'from', 'since'] as const) {
    const value = (time as Record<string, unknown>)[field];
    if (value === undefined || (typeof value === 'string' && RFC_3339.test(value) && !isNaN(Date.parse(value))))
      continue;
    yield { pointer: `/time/${field}`, detail: 'It must be a time such as 2026-03-29T02:30:00Z.' };
    return;
  }
  if ('at' in time) return;
  if ('after' in time && !isWhole(time.after, 0, TEN_YEARS)) {
    yield { pointer: '/time/after', detail: 'It must be a whole number of milliseconds, at most ten years.' };
  } else if ('every' in time && !isWhole(time.every, 10, TEN_YEARS)) {
    yield { pointer: '/time/every', detail: 'It must be a whole number of milliseconds, from 10 to ten years.' };
  } else if ('cron' in time) {
    yield* wrongCron(time, now);
  } else if (!('after' in time) && !('every' in time)) {
    yield { pointer: '/time', detail: 'It must have one of at, after, every and cron.' };
  }
}

function* wrongCron(time: JobTime & { cron: string }, now: number): Generator<Violation> {
  try {
    assertCron(time.cron, 'timeZone' in time ? time.timeZone : undefined);
  } catch (error) {
    const detail = `It must be a cron expression in a known time zone: ${(error as Error).message}`;
    yield { pointer: '/time/cron', detail };
    return;
  }
  if (isRecurrence(time) && firstTime(time, now) === undefined) {
    yield { pointer: '/time/cron', detail: 'There is no such time: name a day that comes.' };
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
