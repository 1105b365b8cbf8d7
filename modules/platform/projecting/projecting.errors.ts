import { DomainError, InvalidInput } from '#kernel/errors';
import type { Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { defineProblems } from '../http/problem-catalogue.js';

/** The projections cannot run as they are declared. Thrown at start; the message names what to change. */
export class UnusableProjections extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`These projections cannot run:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'UnusableProjections';
  }
}

/** What only the process can do that runs the projection was asked of another one. */
export class ProjectionElsewhere extends Error {
  constructor(projection: string) {
    super(
      `Another process runs the projection '${projection}', or none does at this moment: ask the others, or ask again.`,
    );
    this.name = 'ProjectionElsewhere';
  }
}

defineProblems({
  'read-model-stale': {
    kind: 'conflict',
    title: 'The read model is being built anew',
    cure: 'Wait for the end of the rebuild, which tries again what is parked.',
  },
  'projection-behind': {
    kind: 'unavailable',
    title: 'The read model does not have the change yet',
    cure: 'Ask again as Retry-After says, with a longer wait, or without after for what there is.',
  },
});

/** Nothing is written to a read model that is about to be replaced. */
export class ReadModelStale extends DomainError {
  constructor(projection: string) {
    super(
      'conflict',
      'read-model-stale',
      `The read model of '${projection}' is being built anew, and what is parked is tried again with it. Wait for its end.`,
    );
  }
}

/** How far a projection is behind. */
export interface ProjectionLag {
  readonly projection: string;
  readonly state: string;
  /** Where it stands. */
  readonly position: Position;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly error?: string;
}

/** Longest time in seconds after which it is worth to ask again. */
const PATIENCE = 30;

/** The read model did not get as far in time as the query asked for. */
export class ProjectionBehind extends DomainError {
  constructor(
    readonly lag: ProjectionLag,
    after: Position,
    /** `late`: the wait is over. `crowded`: too many wait. `ending`: the process is about to end. */
    readonly why: 'late' | 'crowded' | 'ending',
  ) {
    super('unavailable', 'projection-behind', `${standing(lag, after)} ${cureOf(lag, why)}`);
  }

  override get retryAfter(): number {
    if (this.why === 'ending') return 1;
    if (hinders(this.lag)) return PATIENCE;
    return Math.min(PATIENCE, Math.max(1, Math.ceil(this.lag.lagSeconds)));
  }

  override get members(): JsonObject {
    const { projection, state, position, lagEvents, lagSeconds } = this.lag;
    return { projection, state, position, lagEvents, lagSeconds };
  }
}

function standing({ projection, position, lagEvents, lagSeconds }: ProjectionLag, after: Position): string {
  const events = lagEvents === 1 ? '1 event' : `${lagEvents} events`;
  return `The projection '${projection}' is ${events} and ${lagSeconds} s behind, at position ${position}; after=${after} was asked for.`;
}

function hinders({ state }: ProjectionLag): boolean {
  return ['failing', 'paused', 'rebuilding', 'stopped'].includes(state);
}

function cureOf(lag: ProjectionLag, why: ProjectionBehind['why']): string {
  if (why === 'ending') return 'This process is about to end: ask again, and another one will answer.';
  if (why === 'crowded') return 'Too many queries wait already: ask again, or without after for what there is.';
  if (lag.state === 'paused') return 'It is paused: it goes on when an operator lets it.';
  if (lag.state === 'rebuilding')
    return 'Its read model is being built anew, and answers as it was until that is done.';
  if (lag.state === 'failing') return `It fails, and goes on when that is mended: ${lag.error ?? 'the log says why'}.`;
  return 'Ask again, with a longer wait (30s at most), or without after for what there is.';
}

/** The store has no such place: the position is another store's, or made up. */
export class PositionAhead extends InvalidInput {
  constructor(after: Position, last: Position, pointer = '/query/after') {
    const detail = `The last event of this store is at ${last}. Hand back a Perdure-Position of this store as it came.`;
    super([{ pointer, detail }], `There is no event at position ${after}. ${detail}`);
  }
}
