import { DomainError } from '#kernel/errors';

/** The store of jobs cannot answer now. A later retry may succeed; the key makes it harmless. */
export class JobsUnavailable extends DomainError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 'jobs-unavailable', message);
    this.cause = options?.cause;
  }
}

/** The cursor belongs to another query, or to none. */
export class InvalidJobCursor extends DomainError {
  constructor() {
    const detail = 'This cursor does not belong to this query. Take it from the page before, with the same filter.';
    super('invalid', 'invalid-cursor', detail, [{ pointer: '/query/cursor', detail }]);
  }
}

/** There is no such job, or it ended so long ago that it is no longer kept. */
export class JobNotFound extends DomainError {
  constructor(key: string) {
    super('not-found', 'job-not-found', `There is no job '${key}'. List the jobs to see those that are kept.`);
  }
}

/** Only what is dead or cancelled can be run again by hand. */
export class JobNotEnded extends DomainError {
  constructor(key: string, state: string) {
    super(
      'conflict',
      'job-not-ended',
      `Job '${key}' is ${state}. Only a dead or cancelled job is retried; schedule other work by another key.`,
    );
  }
}

/** This worker has no handler of that name. */
export class UnknownHandler extends DomainError {
  constructor(handler: string, queue: string) {
    super(
      'unprocessable',
      'unknown-handler',
      `No handler '${handler}' works on queue '${queue}'. Add it to JobsModule.forHandlers([…]), then retry the job.`,
    );
  }
}

/** Thrown by a handler whose job no further attempt can mend: the job is dead at once. */
export class TerminalJobError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalJobError';
  }
}

/** The jobs cannot run as they are declared. Thrown at start; the message names what to change. */
export class UnusableJobs extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`These jobs cannot run:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'UnusableJobs';
  }
}
