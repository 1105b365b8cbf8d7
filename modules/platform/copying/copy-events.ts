import type { Position } from '#kernel/event';
import type { EventStore } from '../event-store/event-store.port.js';
import { copiedEvents } from './copied-events.js';
import { resumePoint } from './resume-point.js';

export interface CopyProgress {
  /** Events copied since this copy was started or taken up again. */
  readonly copied: number;
  /** Place in the original up to which everything is copied. */
  readonly position: Position;
}

export interface CopyOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/**
 * Copies all events of a store to another one, with their ids, revisions, times and order, up to the end that the original has
 * when it gets there. Goes on where an earlier copy stopped. Nobody else may write to the copy meanwhile; the original may be
 * in use.
 */
export async function copyEvents(from: EventStore, to: EventStore, options: CopyOptions = {}): Promise<CopyProgress> {
  let progress: CopyProgress = { copied: 0, position: await resumePoint(from, to) };
  for await (const { events, position } of copiedEvents(from, progress.position)) {
    if (options.signal?.aborted) break;
    if (events.length > 0) await to.restore(events);
    progress = { copied: progress.copied + events.length, position };
    options.onProgress?.(progress);
  }
  return progress;
}
