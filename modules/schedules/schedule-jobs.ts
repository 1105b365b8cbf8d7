import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#kernel/errors';
import { type Position, type Recorded, START } from '#kernel/event';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { parseStreamName } from '#platform/event-store/stream-name';
import type { JobSource } from '#platform/jobs/job-recovery';
import { type JobRequest, JOBS, type Jobs } from '#platform/jobs/jobs.port';
import { RunningJobs } from '#platform/jobs/running-jobs';
import { EventOrigin, eventOrigins } from '#platform/projecting/event-origin';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { openSchedules, schedules, SCHEDULES_VERSION } from '#read-models/schedules';
import type { ScheduleEvent } from './schedule.events.js';
import { jobKey, jobOf, type Requested } from './scheduled-job.js';

const RETRY_AFTER = 1_000;
/** Jobs that are put at the same time: stores commit those that come together in one go. */
const MAX_IN_FLIGHT = 64;

const STARTS_AND_ENDS = ['schedule.requested', 'schedule.completed', 'schedule.failed', 'schedule.cancelled'];

const SCHEDULE_STREAM = /^[A-Za-z]\w*\.schedule-/;

/**
 * Derives the jobs from the schedules' events: all that are open when the jobs are recovered, and from then on each as it comes,
 * whichever way its command took. A job that is put once too often does nothing: it asks its schedule first.
 */
@Injectable()
export class ScheduleJobs implements JobSource, OnModuleInit, BeforeApplicationShutdown {
  readonly name = 'schedules';
  readonly #stop = new AbortController();
  readonly #logger = new Logger('Schedules');
  #following: Promise<void> | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly documents: ReadStore,
    @Inject(JOBS) private readonly jobs: Jobs,
    private readonly running: RunningJobs,
  ) {}

  onModuleInit(): void {
    this.running.addSource(this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  /** Those in the read model, and those in the events that it has not seen yet. */
  async *outstanding(): AsyncGenerator<JobRequest> {
    // Taken first, so that no event falls between what is listed here and what is followed.
    const head = await this.events.head();
    this.#following ??= this.#follow(head);
    const seen = await this.#seen();
    if (seen !== START) {
      for await (const { tenant, scheduleId, last, time, attempts, priority } of openSchedules(this.documents)) {
        const asked = {
          time: time as unknown as Requested['time'],
          attempts: attempts ?? undefined,
          priority: priority ?? undefined,
        };
        yield jobOf(tenant, scheduleId, asked, last?.dueAt);
      }
    }
    yield* (await this.#openAfter(seen)).values();
  }

  /** Up to where the read model has these events; `START` while it is, or is about to be, built anew. */
  async #seen(): Promise<Position> {
    await this.documents.define(schedules);
    await this.documents.define(eventOrigins);
    const checkpoint = await this.documents.checkpoint(schedules.name);
    const origin = new EventOrigin(schedules.name, this.events, this.documents);
    return checkpoint?.version === SCHEDULES_VERSION && !(await origin.isAnother()) ? checkpoint.position : START;
  }

  async #openAfter(position: Position): Promise<Map<string, JobRequest>> {
    const open = new Map<string, JobRequest>();
    for (let at = position; ;) {
      const slice = await this.events.readAll({ position: at, filter: { types: STARTS_AND_ENDS } });
      // Others may append events of these types elsewhere, through the EventStoreDB front.
      for (const event of slice.events.filter(({ stream }) => SCHEDULE_STREAM.test(stream))) {
        if (event.type === 'schedule.requested') open.set(event.stream, requestOf(event));
        else open.delete(event.stream);
      }
      if (slice.end) return open;
      at = slice.position;
    }
  }

  async #follow(from: Position): Promise<void> {
    const { signal } = this.#stop;
    const filter = { types: ['schedule.requested', 'schedule.cancelled'] };
    const inFlight = new Set<Promise<void>>();
    for (let position = from; !signal.aborted; await this.#pause()) {
      try {
        for await (const message of this.events.subscribe({ position, filter, signal })) {
          if (message.kind === 'event') {
            // A job is not cancelled before it was put.
            if (message.event.type === 'schedule.cancelled') await Promise.all(inFlight);
            const put: Promise<void> = this.#put(message.event).finally(() => inFlight.delete(put));
            inFlight.add(put);
            if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
          }
          position = message.kind === 'event' ? message.event.position : message.position;
        }
      } catch (error) {
        this.#logger.warn(`New schedules wait: ${(error as Error).message}`);
      }
    }
    await Promise.all(inFlight);
  }

  /** Never rejects: tries until the store of jobs has it, or would never take it. */
  async #put(event: Recorded): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (event.type === 'schedule.requested') await this.jobs.schedule(requestOf(event));
        else await this.jobs.cancel(jobKey(refOf(event)));
        return;
      } catch (error) {
        this.#logger.warn(`The job of '${event.stream}' is not put yet: ${(error as Error).message}`);
        if (error instanceof DomainError && !error.retryable) return;
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    await delay(RETRY_AFTER, undefined, { signal: this.#stop.signal }).catch(() => {}); // ended by the signal
  }
}

function requestOf(event: Recorded): JobRequest {
  const { tenant, id } = refOf(event);
  return jobOf(tenant, id, (event as Recorded<ScheduleEvent>).data as Requested);
}

function refOf({ stream }: Recorded) {
  return parseStreamName(stream);
}
