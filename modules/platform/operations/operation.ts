import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';

export const OPERATION_STATES = ['pending', 'running', 'done', 'failed', 'cancelled'] as const;

/** `pending`: no worker has begun. `running`: also where the worker died; the next one goes on. The others are ends. */
export type OperationState = (typeof OPERATION_STATES)[number];

/** Long work that somebody asked for, and how it is going. */
export interface Operation {
  readonly id: string;
  /** What kind of work; a handler of this name carries it out. */
  readonly kind: string;
  /** What was asked. */
  readonly request: JsonObject;
  readonly state: OperationState;
  /** Units of work, such as events: how many are done, of how many as far as is known, how many a second. */
  readonly done: number;
  readonly total: number | null;
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  /** ISO 8601, UTC. */
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** What came of it. */
  readonly result: JsonObject | null;
  /** Why it failed; while it runs, what it is waiting to be over. */
  readonly error: string | null;
}

export const operations: ReadModel<Operation> = {
  name: 'operations',
  indexes: [{ fields: ['requestedAt'] }, { fields: ['state'] }],
};

/** That somebody wants an operation to stop, or to go on. Ids grow in the order of the wishes. */
export interface OperationWish {
  readonly operation: string;
  readonly wish: 'cancel' | 'resume';
}

/** Wishes that no worker has seen yet: what an operation is, only its worker writes. */
export const operationWishes: ReadModel<OperationWish> = {
  name: 'operation_wishes',
  indexes: [{ fields: ['operation'] }],
};

export function hasEnded({ state }: Operation): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** As it is from then on that it is to go on. */
export function resumed(operation: Operation): Operation {
  return { ...operation, state: 'pending', endedAt: null, error: null };
}
