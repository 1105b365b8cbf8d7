import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

export class ScheduleNotFound extends DomainError {
  constructor(id: string) {
    super('not-found', 'schedule-not-found', `There is no schedule '${id}'. List them with GET /api/v1/schedules.`);
  }
}

export class ScheduleExists extends DomainError {
  constructor(id: string) {
    super('conflict', 'schedule-exists', `There is or was a schedule '${id}'. Choose another id, or leave it out.`);
  }
}

export class ScheduleCompleted extends DomainError {
  constructor(id: string) {
    super(
      'conflict',
      'schedule-completed',
      `The command of schedule '${id}' was carried out: nothing can be cancelled.`,
    );
  }
}

/** What only Perdure itself may record. */
export class OutcomeNotYours extends DomainError {
  constructor() {
    super(
      'forbidden',
      'outcome-not-yours',
      'Only Perdure records what became of a schedule. Cancel it, or make another.',
    );
  }
}

defineProblems({
  'schedule-not-found': {
    kind: 'not-found',
    title: 'There is no such schedule',
    cure: 'List them with GET /api/v1/schedules.',
  },
  'schedule-exists': {
    kind: 'conflict',
    title: 'The id belongs to another schedule',
    cure: 'Choose another id, or leave it out.',
  },
  'schedule-completed': {
    kind: 'conflict',
    title: 'The scheduled command was carried out',
    cure: 'Undo what it did by another command.',
  },
  'outcome-not-yours': {
    kind: 'forbidden',
    title: 'Only Perdure records the outcome of a schedule',
    cure: 'Cancel the schedule, or make another.',
  },
});
