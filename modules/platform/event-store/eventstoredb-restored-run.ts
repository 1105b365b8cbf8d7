import { hash } from 'node:crypto';
import type { Recorded } from '#kernel/event';
import { uuidv8 } from '#kernel/ids';
import { contentOf } from './event-content.js';
import type { Append } from './eventstoredb-batch.js';
import { stamp, type StoredEvent } from './eventstoredb-event.js';
import { GAP_TYPE } from './eventstoredb-own.js';
import { restoredSignpost } from './eventstoredb-signposts.js';
import { TOMBSTONE_TYPE } from './stream-metadata.js';

/** What one append may carry; the server's own limit is 1 MiB where nothing else is set. */
export const APPEND_EVENTS = 500;
const APPEND_BYTES = 512 * 2 ** 10;

/** Consecutive events of one stream, or its end. */
export type RestoredStep = RestoredRun | { readonly tombstone: string };

export interface RestoredRun extends Append {
  readonly expected: 'none' | number;
  readonly bytes: number;
  /** What must stand before it. */
  readonly signposts: readonly Append[];
}

/** The appends that put the events of another store here, in order. */
export function* restoredSteps(events: readonly Recorded[], now: Date): Generator<RestoredStep> {
  let run: { stream: string; first: number; events: StoredEvent[]; signposts: Append[]; bytes: number } | undefined;
  const stepOf = ({ first, ...rest }: NonNullable<typeof run>): RestoredRun => ({
    ...rest,
    expected: first === 0 ? 'none' : first - 1,
  });
  for (const event of events) {
    if (event.type === TOMBSTONE_TYPE) {
      if (run) yield stepOf(run);
      run = undefined;
      yield { tombstone: event.stream.replace(/^\$\$/, '') };
      continue;
    }
    const stored = storedEvent(event);
    const size = stored.data.length + stored.metadata.length;
    const continues = run?.stream === event.stream && run.first + run.events.length === event.revision;
    if (run && (!continues || run.events.length >= APPEND_EVENTS || run.bytes + size > APPEND_BYTES)) {
      yield stepOf(run);
      run = undefined;
    }
    run ??= { stream: event.stream, first: event.revision, events: [], signposts: [], bytes: 0 };
    run.events.push(stored);
    run.bytes += size;
    const signpost = restoredSignpost(event, now);
    if (signpost) run.signposts.push(signpost);
  }
  if (run) yield stepOf(run);
}

function storedEvent(event: Recorded): StoredEvent {
  const { json, data, metadata } = contentOf(event);
  return {
    id: event.id,
    type: event.type,
    data: json ? Buffer.from(data).toString() : data,
    metadata: stamp(event.recordedAt, metadata),
  };
}

/** Its id follows from its place, so that a repeated copy writes the same. */
export function gapEvent(stream: string, revision: number): StoredEvent {
  const id = uuidv8(hash('sha256', `${stream}\n${revision}`, 'buffer'));
  return { id, type: GAP_TYPE, data: '{}', metadata: '{}' };
}
