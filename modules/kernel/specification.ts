import type { Command } from './command.js';
import type { DomainError } from './errors.js';
import type { Attributed, DomainEvent, EventMetadata } from './event.js';
import type { Context, ObjectState, ObjectType } from './object-type.js';

type ErrorClass = abstract new (...args: never[]) => DomainError;

/** What a specification may fix beside the events: the time, the actor, states of other objects. */
export interface Circumstances<Needs> {
  readonly now?: Date;
  /** Default: now. */
  readonly occurredAt?: Date;
  readonly actor?: EventMetadata['actor'];
  readonly object?: Context['object'];
  readonly needs?: Needs;
}

/**
 * Given/when/then for an object type, without a test runner: a failed expectation throws.
 *
 * @example
 * const given = specification(task);
 * given(created).when(CompleteTask.of({ taskId })).then({ type: 'task.completed', data: { … } });
 * given(created, completed).when(CompleteTask.of({ taskId })).thenNothing();
 * given().when(CompleteTask.of({ taskId })).thenFails(TaskNotFound);
 */
export function specification<State extends ObjectState, Event extends DomainEvent, Needs>(
  type: ObjectType<State, Event, Needs>,
  circumstances: Circumstances<Needs> = {},
) {
  const now = circumstances.now ?? new Date('2026-01-01T00:00:00Z');
  const occurredAt = circumstances.occurredAt ?? now;
  const actor = circumstances.actor ?? { type: 'user', id: 'spec' };
  const metadata: EventMetadata = {
    tenant: 'main',
    actor,
    commandId: 'command-1',
    correlationId: 'command-1',
    causationId: 'command-1',
    schemaVersion: 1,
    occurredAt: occurredAt.toISOString(),
  };
  let ids = 0;
  const context = {
    now,
    occurredAt,
    actor,
    tenant: 'main',
    object: circumstances.object ?? { type: type.name, id: '1' },
    newId: () => `id-${++ids}`,
    needs: circumstances.needs as Needs,
  };

  return (...history: Event[]) => {
    const state = type.fold(history.map((event): Attributed<Event> => ({ ...event, metadata })));
    return {
      /** The state that the history leads to. */
      state,
      when: (command: Command) => {
        const outcome = attempt(() => type.decide(state, command, context));
        return {
          then(...expected: Event[]): void {
            if ('error' in outcome) throw outcome.error;
            expectSame('events', outcome.value, expected);
          },
          thenNothing(): void {
            if ('error' in outcome) throw outcome.error;
            expectSame('events', outcome.value, []);
          },
          thenFails(error: ErrorClass | string): void {
            if (!('error' in outcome)) throw new Error(`Expected a failure, got events:\n${show(outcome.value)}`);
            const matches =
              typeof error === 'string'
                ? (outcome.error as Partial<DomainError>).code === error
                : outcome.error instanceof error;
            if (!matches) throw new Error('Failed with another error than expected.', { cause: outcome.error });
          },
        };
      },
    };
  };
}

function attempt<T>(work: () => T): { value: T } | { error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (show(actual) !== show(expected)) {
    throw new Error(`Other ${what} than expected.\n- expected\n${show(expected)}\n+ actual\n${show(actual)}`);
  }
}

/** JSON with sorted keys, so that the order of fields does not matter. */
function show(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown =>
    part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part;
  return JSON.stringify(value, sorted, 2);
}
