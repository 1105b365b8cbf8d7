import { type Position, START } from '#kernel/event';
import { InvalidRequest } from './protocol-errors.js';

/** A place in the log as the protocol has it. The two numbers are always the same here. */
export interface LogPosition {
  readonly commit: string;
  readonly prepare: string;
}

/** After the last event, wherever that is: what {@link positionOf} makes of the numbers beyond every position. */
export const END: Position = 'end';

/** Positions and revisions beyond it mean the end: clients write it as the largest number of 64 bits. */
const LAST = BigInt(Number.MAX_SAFE_INTEGER);

export function logPosition(position: Position): LogPosition {
  return { commit: position, prepare: position };
}

/** The same place in our words. */
export function positionOf(commit: string): Position {
  const position = BigInt(commit);
  if (position < 0n)
    throw new InvalidRequest(`Position ${commit} is negative. Read from a position that was given out.`);
  return position > LAST ? END : String(position);
}

/**
 * For reads, which begin with the event at a position, where the port begins with the one after it. No event lies between a
 * position and the number before it.
 */
export function justBefore(position: Position): Position {
  return position === START ? START : String(BigInt(position) - 1n);
}

/** A revision that fits into a number. One beyond the end stays beyond the end. */
export function revisionOf(revision: string): number {
  const asked = BigInt(revision);
  if (asked < 0n) throw new InvalidRequest(`Revision ${revision} is negative. Revisions count from 0.`);
  return Number(asked > LAST ? LAST : asked);
}

/** How many positions lie between two places. */
export function distance(from: Position, to: Position): number {
  return Number(BigInt(to) - BigInt(from));
}
