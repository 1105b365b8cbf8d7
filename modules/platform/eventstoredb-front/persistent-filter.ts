import type persistent from '@eventstore/db-client/generated/persistent_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type AllFilter, allFilter } from './all-filter.js';
import { InvalidRequest } from './protocol-errors.js';
import type { GroupFilter } from './persistent-settings.js';

type FilterOptions = persistent.CreateReq.AllOptions.FilterOptions;

/** The filter as it is kept with the group's settings. Throws InvalidRequest where it cannot be used. */
export function groupFilterOf(options: FilterOptions): GroupFilter {
  const onStream = options.getStreamIdentifier();
  const expression = onStream ?? options.getEventType();
  if (!expression) throw new InvalidRequest('The filter says neither stream_identifier nor event_type.');
  const regex = expression.getRegex();
  const filter: GroupFilter = {
    on: onStream ? 'stream' : 'type',
    ...(regex ? { regex } : { prefixes: expression.getPrefixList() }),
  };
  groupFilter(filter);
  return filter;
}

/** The condition that subscriptions to `$all` have for the same filter. Throws InvalidRequest. */
export function groupFilter({ on, prefixes = [], regex = '' }: GroupFilter): AllFilter {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression();
  expression.setRegex(regex);
  expression.setPrefixList([...prefixes]);
  const options = new streams.ReadReq.Options.FilterOptions();
  if (on === 'stream') options.setStreamIdentifier(expression);
  else options.setEventType(expression);
  return allFilter(options);
}
