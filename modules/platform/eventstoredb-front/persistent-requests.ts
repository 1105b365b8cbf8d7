import type persistent from '@eventstore/db-client/generated/persistent_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { streamNameOf } from './identifiers.js';
import { groupFilterOf } from './persistent-filter.js';
import {
  ALL,
  checkSettings,
  type ConsumerStrategyName,
  FROM_END,
  type GroupFilter,
  type GroupName,
  type GroupSettings,
} from './persistent-settings.js';
import { InvalidRequest } from './protocol-errors.js';

type Settings = persistent.CreateReq.Settings | persistent.UpdateReq.Settings;
type StreamOptions = persistent.CreateReq.StreamOptions | persistent.UpdateReq.StreamOptions;
type AllOptions = persistent.CreateReq.AllOptions | persistent.UpdateReq.AllOptions;

/** A group as a client wants to have it. */
export interface WantedGroup {
  readonly name: GroupName;
  readonly settings: GroupSettings;
  readonly filter?: GroupFilter;
}

/** Throws InvalidRequest or InvalidInput. */
export function createRequest(request: persistent.CreateReq): WantedGroup {
  const options = present(request.getOptions(), 'options');
  const settings = present(options.getSettings(), 'settings');
  // Newer clients say the strategy as a text, which knows strategies that the number does not.
  const strategy = settings.getConsumerStrategy() || NAMED_STRATEGIES[settings.getNamedConsumerStrategy()];
  const wanted = wantedGroup(options, settings, strategy as ConsumerStrategyName);
  const filter = options.getAll()?.getFilter();
  return filter ? { ...wanted, filter: groupFilterOf(filter) } : wanted;
}

/** Throws InvalidRequest or InvalidInput. */
export function updateRequest(request: persistent.UpdateReq): WantedGroup {
  const options = present(request.getOptions(), 'options');
  const settings = present(options.getSettings(), 'settings');
  return wantedGroup(options, settings, NAMED_STRATEGIES[settings.getNamedConsumerStrategy()]!);
}

/** What the options of most requests have in common. */
interface NamingOptions {
  hasAll(): boolean;
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
  getGroupName(): string;
}

/** The group that a request names. Throws InvalidRequest. */
export function groupNameOf(options: NamingOptions | undefined): GroupName {
  const naming = present(options, 'options');
  return named(naming.hasAll() ? ALL : streamNameOf(naming.getStreamIdentifier()), naming.getGroupName());
}

function named(source: string, group: string): GroupName {
  if (group) return { source, group };
  throw new InvalidRequest('The request names no group. Set its group_name.');
}

function wantedGroup(
  options: persistent.CreateReq.Options | persistent.UpdateReq.Options,
  settings: Settings,
  consumerStrategy: ConsumerStrategyName,
): WantedGroup {
  const stream = options.getStream();
  const all = options.getAll();
  const source = all ? ALL : streamNameOf(stream?.getStreamIdentifier() ?? options.getStreamIdentifier());
  // Clients from before 21.10, and the one for Node, name the stream and the revision elsewhere.
  const startFrom = all ? startOfAll(all) : stream ? startOfStream(stream) : revision(settings.getRevision());
  return {
    name: named(source, options.getGroupName()),
    settings: checkSettings({
      startFrom,
      resolveLinks: settings.getResolveLinks(),
      extraStatistics: settings.getExtraStatistics(),
      messageTimeoutMs: settings.hasMessageTimeoutTicks()
        ? milliseconds(settings.getMessageTimeoutTicks())
        : settings.getMessageTimeoutMs(),
      maxRetryCount: settings.getMaxRetryCount(),
      checkpointAfterMs: settings.hasCheckpointAfterTicks()
        ? milliseconds(settings.getCheckpointAfterTicks())
        : settings.getCheckpointAfterMs(),
      minCheckpointCount: settings.getMinCheckpointCount(),
      maxCheckpointCount: settings.getMaxCheckpointCount(),
      maxSubscriberCount: settings.getMaxSubscriberCount(),
      liveBufferSize: settings.getLiveBufferSize(),
      historyBufferSize: settings.getHistoryBufferSize(),
      readBatchSize: settings.getReadBatchSize(),
      consumerStrategy,
    }),
  };
}

const NAMED_STRATEGIES: readonly ConsumerStrategyName[] = ['DispatchToSingle', 'RoundRobin', 'Pinned'];
const TICKS_PER_MS = 10_000n;
const LAST = BigInt(Number.MAX_SAFE_INTEGER);

function startOfStream(options: StreamOptions): string {
  if (options.hasEnd()) return FROM_END.stream;
  return options.hasRevision() ? revision(options.getRevision()) : '0';
}

function startOfAll(options: AllOptions): string {
  if (options.hasEnd()) return FROM_END.all;
  const position = options.getPosition();
  if (!position) return 'C:0/P:0';
  return `C:${unsigned(position.getCommitPosition())}/P:${unsigned(position.getPreparePosition())}`;
}

/** Revisions that no stream can have, such as the largest number of 64 bits, mean the end. */
function revision(text: string): string {
  const asked = unsigned(text);
  return asked > LAST ? FROM_END.stream : asked.toString();
}

function unsigned(text: string): bigint {
  return BigInt.asUintN(64, BigInt(text));
}

function milliseconds(ticks: string): number {
  return Number(BigInt(ticks) / TICKS_PER_MS);
}

function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new InvalidRequest(`The request has no ${name}.`);
  return part;
}
