import type { Actor, Attributed } from '#kernel/event';
import { type Context, objectType } from '#kernel/object-type';
import { RecordErasure } from './subject.commands.js';
import { ErasureNotYours } from './subject.errors.js';
import type { ErasedPlace, SubjectEvent } from './subject.events.js';

/** One time that the subject was erased. */
export interface Erasure {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: Actor;
  readonly reason?: string;
  readonly keyIds: readonly string[];
  readonly where: readonly ErasedPlace[];
}

/** Somebody whose personal data is sealed: there is an object of it once it was erased. */
export type Subject =
  { readonly status: 'absent' } | { readonly status: 'erased'; readonly erasures: readonly Erasure[] };

function evolve(subject: Subject, { data, metadata }: Attributed<SubjectEvent>): Subject {
  const before = subject.status === 'absent' ? [] : subject.erasures;
  return { status: 'erased', erasures: [...before, { at: metadata.occurredAt, ...data }] };
}

/** Keys that were recorded before need it no more: whoever asks twice is told once. */
export function record(subject: Subject, command: RecordErasure, context: Context): SubjectEvent[] {
  if (context.actor.type !== 'system') throw new ErasureNotYours();
  const { actor, reason, where } = command;
  const known = new Set(subject.status === 'absent' ? [] : subject.erasures.flatMap(({ keyIds }) => keyIds));
  const keyIds = command.keyIds.filter((id) => !known.has(id));
  if (keyIds.length === 0) return [];
  return [{ type: 'subject.erased', data: { keyIds, actor, ...(reason !== undefined && { reason }), where } }];
}

export const subject = objectType<Subject, SubjectEvent>('subject', { status: 'absent' }, evolve).on(
  RecordErasure,
  record,
);
