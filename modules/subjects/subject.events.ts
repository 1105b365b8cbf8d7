import type { Actor, EventOf } from '#kernel/event';

/** A place where data of the subject lay, and what became of it. */
export interface ErasedPlace {
  readonly place: string;
  readonly outcome: 'destroyed' | 'unreadable' | 'cleared' | 'not-covered';
  readonly detail: string;
}

export type SubjectEvent = EventOf<
  'subject.erased',
  {
    /** Of the keys that are gone: they stand in what was sealed, so that it can be told whose it was not. */
    readonly keyIds: readonly string[];
    /** Who asked for it. */
    readonly actor: Actor;
    readonly reason?: string;
    readonly where: readonly ErasedPlace[];
  }
>;
