import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type Position, START } from '#kernel/event';
import type { Direction } from '#platform/event-store/event-store.port';
import { allFilter, type AllFilter, EVERYTHING } from './all-filter.js';
import { streamNameOf, type UuidForm } from './identifiers.js';
import { END, positionOf, revisionOf } from './positions.js';
import { InvalidRequest } from './protocol-errors.js';

interface Wanted {
  readonly resolveLinks: boolean;
  readonly uuids: UuidForm;
  /** Whether the client knows the answers that tell where a stream begins and ends. */
  readonly tellEnds: boolean;
}

interface Part {
  readonly direction: Direction;
  /** At most so many events. */
  readonly count: number;
}

export interface OfStream extends Wanted {
  readonly stream: string;
  readonly from: number | 'start' | 'end';
}

export interface OfAll extends Wanted {
  /** {@link START}, a position, or {@link END}. */
  readonly from: Position;
  readonly filter: AllFilter;
}

/** What a call of Streams.Read asks for: a part of what is stored, or what is stored and then what comes. */
export type ReadRequest =
  | (OfStream & Part & { readonly kind: 'read-stream' })
  | (OfAll & Part & { readonly kind: 'read-all' })
  | (OfStream & { readonly kind: 'subscribe-to-stream' })
  | (OfAll & { readonly kind: 'subscribe-to-all' });

const BACKWARDS = streams.ReadReq.Options.ReadDirection.BACKWARDS;

/** Throws InvalidRequest. */
export function readRequest(request: streams.ReadReq): ReadRequest {
  const options = request.getOptions();
  if (!options) throw new InvalidRequest('The request has no options.');
  const wanted: Wanted = {
    resolveLinks: options.getResolveLinks(),
    uuids: options.getUuidOption()?.hasString() ? 'string' : 'structured',
    tellEnds: (options.getControlOption()?.getCompatibility() ?? 0) >= 1,
  };
  const target = targetOf(options, wanted);
  const backwards = options.getReadDirection() === BACKWARDS;
  if (options.hasSubscription()) {
    if (backwards) throw new InvalidRequest('A subscription goes forwards.');
    return 'stream' in target ? { kind: 'subscribe-to-stream', ...target } : { kind: 'subscribe-to-all', ...target };
  }
  if (!options.hasCount()) throw new InvalidRequest('The request says neither count nor subscription.');
  const part: Part = {
    direction: backwards ? 'backwards' : 'forwards',
    count: revisionOf(unsigned(options.getCount())),
  };
  return 'stream' in target ? { kind: 'read-stream', ...target, ...part } : { kind: 'read-all', ...target, ...part };
}

function targetOf(options: streams.ReadReq.Options, wanted: Wanted): OfStream | OfAll {
  const stream = options.getStream();
  if (stream) {
    if (options.hasFilter()) throw new InvalidRequest('Only $all can be filtered.');
    const from = stream.hasRevision() ? revisionOf(unsigned(stream.getRevision())) : stream.hasEnd() ? 'end' : 'start';
    return { ...wanted, stream: streamNameOf(stream.getStreamIdentifier()), from };
  }
  const all = options.getAll();
  if (!all) throw new InvalidRequest('The request names neither a stream nor all.');
  const position = all.getPosition();
  const from = position ? positionOf(unsigned(position.getCommitPosition())) : all.hasEnd() ? END : START;
  const filter = options.getFilter();
  return { ...wanted, from, filter: filter ? allFilter(filter) : EVERYTHING };
}

/** These fields are unsigned; the generated code may hand the largest ones over as negative. */
function unsigned(number: string): string {
  return BigInt.asUintN(64, BigInt(number)).toString();
}
