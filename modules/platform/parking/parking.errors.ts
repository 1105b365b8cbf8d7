import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

export class ParkedEventNotFound extends DomainError {
  constructor(id: string) {
    super(
      'not-found',
      'parked-event-not-found',
      `Nothing is parked under '${id}'. It may have been replayed; list what is with GET /api/v1/parked-events.`,
    );
  }
}

/** Only the process that runs the projection can do it, and none answered. */
export class NobodyRunsProjection extends DomainError {
  constructor(projection: string, seconds: number) {
    super(
      'conflict',
      'projection-elsewhere',
      `No process that runs the projection '${projection}' answered within ${seconds} s. Start one (\`perdure worker\`), then ask again.`,
    );
  }
}

defineProblems({
  'parked-event-not-found': {
    kind: 'not-found',
    title: 'Nothing is parked under this id',
    cure: 'List what is with GET /api/v1/parked-events.',
  },
  'projection-elsewhere': {
    kind: 'conflict',
    title: 'No process that runs the projection answers',
    cure: 'Start a worker, then ask again.',
  },
});
