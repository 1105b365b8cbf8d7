import type { Upcaster } from '#kernel/upcaster';

/**
 * How events that were stored in an older shape are read today, oldest first. An event type whose shape changes gets an upcaster
 * here, in a file of its own beside this one, with a spec of what was stored and what is read; new events are then stored in the
 * next version. See docs/guides/event-evolution.md.
 */
export const upcasters: readonly Upcaster[] = [];
