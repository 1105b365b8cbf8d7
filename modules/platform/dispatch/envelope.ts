import type { Command } from '#kernel/command';
import type { Actor, Position } from '#kernel/event';

/** What comes with a command but is not part of it: who sends it, under which conditions, because of what. */
export interface Envelope {
  readonly tenant: string;
  readonly actor: Actor;
  /** The client's key: 1 to 255 characters. The same key again gives the same answer and no event. */
  readonly idempotencyKey?: string;
  /** The revision the object must have (`If-Match`); `exists` for `*`; `none` to create only (`If-None-Match: *`). */
  readonly expected?: number | 'exists' | 'none';
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly traceparent?: string;
  readonly reason?: string;
  /** When it happened, ISO 8601, where that is not now. */
  readonly occurredAt?: string;
}

/** The answer to a command: where the object stands now, durably. */
export interface Answer {
  readonly id: string;
  readonly revision: number;
  readonly position: Position;
  /** Whether the object exists only since this command. */
  readonly created: boolean;
  /** There when this command was carried out before, under the same key. */
  readonly replayed?: true;
}

const envelopes = new WeakMap<Command, Envelope>();

/** Sends the command in an envelope: `commandBus.execute(enclose(command, envelope))`. */
export function enclose<C extends Command>(command: C, envelope: Envelope): C {
  envelopes.set(command, envelope);
  return command;
}

/** The command's envelope; one of the system itself where it was sent without. */
export function envelopeOf(command: Command): Envelope {
  return envelopes.get(command) ?? { tenant: 'main', actor: { type: 'system', id: 'perdure' } };
}
