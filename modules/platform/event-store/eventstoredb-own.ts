import type { Recorded } from '#kernel/event';

/** What this adapter keeps in the server for itself is never shown. */
const OWN = '$perdure-';

/** Stream of the signpost to an event; see `Signposts`. */
export function signpostStream(eventId: string): string {
  return `${OWN}append-${eventId}`;
}

/** Type of the events in place of those that the other store no longer had; see `restore`. */
export const GAP_TYPE = `${OWN}gap`;
export const SIGNPOST_TYPE = `${OWN}signpost`;
export const PROBE_TYPE = `${OWN}probe`;

export function isOwn({ stream, type }: Recorded): boolean {
  return stream.startsWith(OWN) || type.startsWith(OWN);
}
