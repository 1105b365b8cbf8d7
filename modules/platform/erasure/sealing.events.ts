import type { EventOf } from '#kernel/event';

/** Said once in a store: from here on events may hold sealed values. */
export type SealingEvent = EventOf<'system.sealingBegan', object>;
