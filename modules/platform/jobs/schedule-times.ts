import { Cron } from 'croner';
import { LRUCache } from 'lru-cache';
import type { JobTime } from './jobs.port.js';

export type Recurrence = Extract<JobTime, { every: number } | { cron: string }>;

export function isRecurrence(time: JobTime | undefined): time is Recurrence {
  return time !== undefined && ('every' in time || 'cron' in time);
}

/** When the job is due for the first time, in Unix milliseconds; undefined where that is never. */
export function firstTime(time: JobTime | undefined, now: number): number | undefined {
  if (!time) return now;
  if ('at' in time) return Date.parse(time.at);
  if ('after' in time) return now + time.after;
  return nextOccurrence(time, time.since === undefined ? now : Date.parse(time.since), now);
}

/**
 * The first occurrence later than `after`; undefined where there is none. `begun` is when the job was first scheduled.
 *
 * Daylight saving, as Vixie's cron has it: an expression that names its hour and its minutes (`30 2 * * *`) means that time of the
 * day: once in the hour that comes twice, the first time it comes; and at the end of the gap where the clock jumps over it. One with
 * a `*` in the hour or the minute (`0 * * * *`) goes by the clock on the wall: in the hour that comes twice it fires both times, in
 * the one that is left out it does not.
 */
export function nextOccurrence(time: Recurrence, after: number, begun: number): number | undefined {
  if ('cron' in time) return cronOf(time.cron, time.timeZone).nextRun(new Date(after))?.getTime();
  const { from, steps } = progression(time, after, begun);
  return from + Math.max(0, steps + 1) * time.every;
}

/** The last occurrence that is not later than `upTo`; undefined where there is none. */
export function lastOccurrence(time: Recurrence, upTo: number, begun: number): number | undefined {
  // Croner looks strictly before, and at whole seconds.
  if ('cron' in time)
    return cronOf(time.cron, time.timeZone)
      .previousRuns(1, new Date(upTo + 1))[0]
      ?.getTime();
  const { from, steps } = progression(time, upTo, begun);
  return steps < 0 ? undefined : from + steps * time.every;
}

/** Throws an Error that says what is wrong with the expression or the time zone. */
export function assertCron(expression: string, timeZone?: string): void {
  // Croner would take a date for an expression that fires once.
  if (/^\d{4}-/.test(expression)) throw new Error(`'${expression}' is a date; use "at" for one.`);
  new Intl.DateTimeFormat('en', { timeZone });
  cronOf(expression, timeZone);
}

function progression({ every, from }: Extract<Recurrence, { every: number }>, time: number, begun: number) {
  const start = from === undefined ? begun : Date.parse(from);
  return { from: start, steps: Math.floor((time - start) / every) };
}

/** Parsing takes longer than finding the next time. */
const parsed = new LRUCache<string, Cron>({ max: 1_000 });

function cronOf(expression: string, timezone = 'UTC'): Cron {
  const name = `${timezone} ${expression}`;
  let cron = parsed.get(name);
  if (!cron) parsed.set(name, (cron = new Cron(expression, { timezone, paused: true, mode: '5-or-6-parts' })));
  return cron;
}
