import { Integer, ListOf, Nested, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { ParkedKey } from '#platform/projecting/parked-events';
import type { ParkedGroup } from './parked-groups.js';
import type { ReplayOutcome, Replayed } from './parked-work.js';
import { MAX_REPLAYED } from './projection.commands.js';

const LONG = 100_000;

class FailedEvent {
  @Text() id: string;
  @Text() type: string;
  @Text({ max: 1_000 }) stream: string;
  @Text() position: string;
}

class ParkedFailure {
  @Text({ min: 0, max: LONG }) message: string;
  @Text({ min: 0, max: LONG }) stack: string;
}

class WaitingEvents {
  @Integer({ min: 0 }) count: number;

  /** The first of them. */
  @ListOf(Text(), { max: 1_000 }) positions: readonly string[];
}

/** A key that is set aside because an event of its failed, with the events behind it. */
export class ParkedView {
  @Text({ max: LONG }) id: string;
  @Text() projection: string;

  /** Not there where the projection failed to tell it: then this one event is set aside, alone. */
  @Optional(Text({ max: LONG })) key?: string;
  @Nested(FailedEvent) event: ParkedKey['event'];
  @Nested(ParkedFailure) error: ParkedKey['error'];

  /** Fingerprint that failures of the same kind share. */
  @Text() cause: string;

  /** Of the code that failed. */
  @Text() version: string;
  @Integer({ min: 1 }) attempts: number;
  @Timestamp() parkedAt: string;
  @Timestamp() triedAt: string;
  @Nested(WaitingEvents) waiting: ParkedKey['waiting'];
}

export function viewOf(id: string, parked: ParkedKey): ParkedView {
  const { projection, key, event, error, cause, codeVersion, attempts, parkedAt, triedAt, waiting } = parked;
  const rest = { event, error, cause, version: codeVersion, attempts, parkedAt, triedAt, waiting };
  return { id, projection, ...(key !== null && { key }), ...rest };
}

export class ParkedGroupView implements ParkedGroup {
  @Text() projection: string;
  @Text() cause: string;
  @Text() version: string;
  @Text({ min: 0, max: LONG }) message: string;
  @Text({ max: LONG }) example: string;
  @ListOf(Text(), { max: 1_000 }) eventTypes: readonly string[];
  @Integer({ min: 1 }) keys: number;
  @Integer({ min: 1 }) events: number;
  @Timestamp() first: string;
  @Timestamp() last: string;
}

export class ParkedGroups {
  @ListOf(Nested(ParkedGroupView), { max: LONG }) items: ParkedGroup[];
}

const OUTCOMES: readonly ReplayOutcome[] = ['replayed', 'still-failing', 'not-parked', 'asked'];

/** What became of parked work that was tried again. */
export class ReplayedView implements Replayed {
  @Text({ max: LONG }) id: string;

  /** `asked`: the process that runs the projection has not come to it yet. */
  @OneOf(OUTCOMES) outcome: ReplayOutcome;
  @Optional(Text({ min: 0, max: LONG })) error?: string;
}

export class ReplayResults {
  @ListOf(Nested(ReplayedView), { max: MAX_REPLAYED }) items: Replayed[];
}

/** What became of the key, and where the skip is recorded. */
export class SkippedView extends ReplayedView {
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
}
