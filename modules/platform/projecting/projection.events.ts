import type { EventOf } from '#kernel/event';

/** What is left out of a read model for good, and why. */
export interface Skipped {
  readonly projection: string;
  /** Version of the projection that could not take the event. */
  readonly version: number;
  /** The document that goes on without it; null where the projection could not tell whose it is. */
  readonly key: string | null;
  readonly eventId: string;
  readonly eventType: string;
  /** Its place in the global order. */
  readonly position: string;
  /** Fingerprint of the failure. */
  readonly cause: string;
  readonly reason: string;
}

/** What operators did about a projection: in the stream `main.projection-<name>`. */
export type ProjectionEvent =
  /** An event that failed is left out, also in every rebuild. */
  | EventOf<'projection.eventSkipped', Skipped>
  /** Parked work is to be tried again by whichever process runs the projection. */
  | EventOf<'projection.replayRequested', { readonly ids: readonly string[] }>;
