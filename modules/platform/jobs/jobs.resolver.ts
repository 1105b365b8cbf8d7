import { Inject } from '@nestjs/common';
import { Mutation, Query, Resolver } from '@nestjs/graphql';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, pageOf } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import type { PageOf } from '#platform/http/paging';
import {
  JobDetails,
  JobFailureDetails,
  JobListParameters,
  JobParameters,
  JobProgressDetails,
} from './jobs.controller.js';
import { JobNotFound } from './jobs.errors.js';
import { JOBS, type Jobs, type JobView } from './jobs.port.js';

objectTypeOf(JobProgressDetails, 'JobProgress', 'How far a job says that it has come.', { fraction: '1 is all.' });
objectTypeOf(JobFailureDetails, 'JobFailure', 'Why the last run of a job that failed did.');
const JobType = objectTypeOf(JobDetails, 'Job', 'Work that is done later or again and again, as operators see it.', {
  time: 'When it runs, as it was scheduled; not there where that was at once.',
  runAt: 'When it is or was due; of a recurring job: its next occurrence.',
  attempt: 'Of the run that is under way or was the last; 0 before the first.',
  cancelling: 'Somebody cancelled it while it runs.',
  error: 'Of the last run that failed.',
});
const JobPage = pageOf(() => JobType, 'Job');

/** What operators see of the jobs, and do about them. */
@Resolver()
export class JobsResolver {
  constructor(@Inject(JOBS) private readonly store: Jobs) {}

  @Query(() => JobPage, {
    ...limitComplexity,
    description: 'The jobs, by key. Those that have ended are kept for a while, dead ones longest.',
  })
  async jobs(@Arguments({ cursor: 'next of the page before.' }) query: JobListParameters): Promise<PageOf<JobView>> {
    return this.store.list(query);
  }

  @Query(() => JobType, { nullable: true, description: 'A job; null where none is kept under the key.' })
  job(@Arguments() { key }: JobParameters): Promise<JobView | null> {
    return this.store.get(key);
  }

  @Mutation(() => JobType, { description: 'Runs a dead or cancelled job again, at once and with all its attempts.' })
  retryJob(@Arguments() { key }: JobParameters): Promise<JobView> {
    return this.store.retry(key);
  }

  @Mutation(() => JobType, {
    description:
      'Cancels a job: what has not started never will; what runs is told to stop, and `cancelling` until it has. What follows from events comes back at the next start: cancel that instead, such as the schedule.',
  })
  async cancelJob(@Arguments() { key }: JobParameters): Promise<JobView> {
    await this.store.cancel(key);
    const job = await this.store.get(key);
    if (!job) throw new JobNotFound(key);
    return job;
  }
}
