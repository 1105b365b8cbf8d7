import { jobs } from './0001-jobs.js';

/** Tables of the jobs in SQLite, oldest step first. A step that was released never changes; add the next one. */
export const jobsSteps: readonly string[] = [jobs];
