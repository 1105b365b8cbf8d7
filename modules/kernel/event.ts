/** A fact in the past tense, as an object type declares it: `EventOf<'task.completed', { completedAt: string }>`. */
export interface EventOf<Type extends string, Data extends object> {
  readonly type: Type;
  readonly data: Data;
}

/** Any event, where its exact type does not matter. */
export type DomainEvent = EventOf<string, object>;

/** Who did it. `type` is the kind of actor: `user`, `service`, `anonymous`, … */
export interface Actor {
  readonly type: string;
  readonly id: string;
}

/** Who, why and because of what: a part of every fact, not of a log beside it. */
export interface EventMetadata {
  readonly tenant: string;
  readonly actor: Actor;
  /** The command that caused the event. All events of one command carry the same. */
  readonly commandId: string;
  /** The first request of the chain that this event belongs to. */
  readonly correlationId: string;
  /** What directly caused it: the command, or the event a saga reacted to. */
  readonly causationId: string;
  /** Version of the event's shape; upcasters lift older ones. */
  readonly schemaVersion: number;
  /** When it happened, ISO 8601, UTC. It may lie before the time of recording (an import). */
  readonly occurredAt: string;
  readonly reason?: string;
  /** W3C trace context of the request. */
  readonly traceparent?: string;
  /** Digest of the command's body; there when the client chose the command id, to tell a retry from a misuse. */
  readonly commandDigest?: string;
  /** There where the object had been deleted and exists again since this command. */
  readonly recreates?: true;
}

/** An event together with its metadata, before it is stored. */
export type Attributed<Event extends DomainEvent> = Event & { readonly metadata: EventMetadata };

/** An event as it stands in the store. */
export type Recorded<Event extends DomainEvent = DomainEvent> = Attributed<Event> & {
  readonly id: string;
  readonly stream: string;
  /** Place in its stream, from 0. Without gaps, but where events were lost before the stream was copied here. */
  readonly revision: number;
  /** Place in the global order: opaque, compare with `comparePositions`. */
  readonly position: Position;
  /** When it was stored, ISO 8601, UTC. */
  readonly recordedAt: string;
};

/** A place in the global order of all events. Clients hand it back as they got it. */
export type Position = string;

/** Before the first event of all. */
export const START: Position = '0';

/** Negative if `a` comes before `b`, 0 if they are the same place. */
export function comparePositions(a: Position, b: Position): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
