import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { EventStore, ExpectedRevision, StreamSlice } from '#platform/event-store/event-store.port';
import { revisionOf } from './positions.js';
import { InvalidRequest } from './protocol-errors.js';

/** The four ways in which the requests of all services say what they expect; they differ in the name of the number. */
interface Expectation {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** Throws InvalidRequest where nothing is said. `revision` is that of the request, undefined where it has none. */
export function expectedRevision(options: Expectation, revision: string | undefined): ExpectedRevision {
  if (revision !== undefined) return revisionOf(BigInt.asUintN(64, BigInt(revision)).toString());
  if (options.hasNoStream()) return 'none';
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'exists';
  throw new InvalidRequest('The request expects no revision. Set one of revision, no_stream, any and stream_exists.');
}

/** What an append of no events answers: the stream's last revision, -1 where there is none. Throws WrongExpectedRevision. */
export async function checkOnly(store: EventStore, stream: string, expected: ExpectedRevision): Promise<number> {
  const last = lastOf(await store.read(stream, { direction: 'backwards', limit: 1 }));
  const met =
    expected === 'any' || (expected === 'none' ? last < 0 : expected === 'exists' ? last >= 0 : expected === last);
  if (!met) throw new WrongExpectedRevision(stream, expected, last);
  return last;
}

function lastOf({ status, lastRevision }: StreamSlice): number {
  return status === 'missing' ? -1 : lastRevision;
}

/** EventStoreDB names the last revision of a soft-deleted stream where it refuses a write to it, and clients learn it in no other way. */
export async function namingLastRevision<T>(store: EventStore, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision) || error.actual >= 0) throw error;
    const { lastRevision } = await store.read(error.stream, { direction: 'backwards', limit: 1 });
    throw new WrongExpectedRevision(error.stream, error.expected, lastRevision);
  }
}
