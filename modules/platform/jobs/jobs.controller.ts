import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';
import type { Json, JsonObject } from '#kernel/json';
import {
  Decimal,
  Flag,
  Integer,
  JsonRecord,
  JsonValue,
  Nested,
  OneOf,
  Optional,
  Text,
  Timestamp,
} from '#platform/commands/fields';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { JobNotFound } from './jobs.errors.js';
import { JOBS, type JobFailure, type JobProgress, type Jobs, type JobState, type JobView } from './jobs.port.js';

const STATES: readonly JobState[] = ['scheduled', 'waiting', 'running', 'finished', 'dead', 'cancelled'];

export class JobParameters {
  /** An occurrence of a recurring job is called `<key>@<time>`. */
  @Text({ max: 250 }) key: string;
}

export class JobListParameters extends PageParameters {
  @Optional(Text({ max: 100 })) queue?: string;

  /** `waiting`: due; `dead`: failed for good, kept with its error. */
  @Optional(OneOf(STATES, 'JobState')) state?: JobState;

  @Optional(Text({ max: 100 })) handler?: string;
}

export class JobProgressDetails implements JobProgress {
  @Decimal({ min: 0, max: 1 }) fraction: number;
  @Optional(Text()) message?: string;
}

export class JobFailureDetails implements JobFailure {
  @Text({ max: 2_000 }) message: string;
  @Optional(Text({ max: 4_000 })) stack?: string;
}

/** A job as operators see it. */
export class JobDetails {
  @Text({ max: 250 }) key: string;
  @Text() queue: string;
  @Text() handler: string;
  @JsonValue() payload: Json;
  @Optional(JsonRecord()) time?: JsonObject;
  @Integer() priority: number;
  @OneOf(STATES, 'JobState') state: JobState;
  @Timestamp() runAt: string;
  @Timestamp() scheduledAt: string;
  @Integer({ min: 0 }) attempt: number;
  @Integer({ min: 1 }) maxAttempts: number;
  @Optional(Timestamp()) startedAt?: string;
  @Optional(Timestamp()) endedAt?: string;
  @Optional(Nested(JobProgressDetails)) progress?: JobProgressDetails;
  @Optional(Flag()) cancelling?: boolean;
  @Optional(Nested(JobFailureDetails)) error?: JobFailureDetails;
  @Optional(JsonValue()) result?: Json;
}

/**
 * What operators see of the jobs, and do about them. A job is no durable object: what is done to it has no event, no revision
 * and no Idempotency-Key, and may be asked for twice.
 */
@Controller('api/v1/jobs')
export class JobsController {
  constructor(@Inject(JOBS) private readonly jobs: Jobs) {}

  @Get()
  @QueryEndpoint({
    summary: 'List jobs, by key',
    description: 'Those that have ended are kept for a while, dead ones longest.',
    paged: true,
    answer: JobDetails,
    errors: ['invalid-cursor', 'jobs-unavailable'],
  })
  list(@Parameters() query: JobListParameters): Promise<PageOf<JobView>> {
    return this.jobs.list(query);
  }

  @Get(':key')
  @QueryEndpoint({ summary: 'Get a job', answer: JobDetails, errors: ['job-not-found', 'jobs-unavailable'] })
  async get(@Parameters() { key }: JobParameters): Promise<JobView> {
    const job = await this.jobs.get(key);
    if (!job) throw new JobNotFound(key);
    return job;
  }

  @Post(':key/retry')
  @QueryEndpoint({
    summary: 'Run a dead or cancelled job again, at once and with all its attempts',
    answer: JobDetails,
    errors: ['job-not-found', 'job-not-ended', 'jobs-unavailable'],
  })
  retry(@Parameters() { key }: JobParameters): Promise<JobView> {
    return this.jobs.retry(key);
  }

  @Delete(':key')
  @QueryEndpoint({
    summary: 'Cancel a job',
    description:
      'What has not started never will; what runs is told to stop, and `cancelling` until it has. What has ended stays as it is. What follows from events comes back at the next start: cancel that instead, such as the schedule.',
    answer: JobDetails,
    errors: ['job-not-found', 'jobs-unavailable'],
  })
  async cancel(@Parameters() parameters: JobParameters): Promise<JobView> {
    await this.jobs.cancel(parameters.key);
    return this.get(parameters);
  }
}
