import { InvalidInput } from '#kernel/errors';

/** The source of a group that reads the global order instead of one stream. */
export const ALL = '$all';

/** `startFrom` of a group that begins with what comes after its creation, of a stream and of `$all`. */
export const FROM_END = { stream: '-1', all: 'C:-1/P:-1' } as const;

export const CONSUMER_STRATEGIES = ['DispatchToSingle', 'RoundRobin', 'Pinned', 'PinnedByCorrelation'] as const;

/** Who of a group's consumers gets an event; see `persistent-strategy.ts`. */
export type ConsumerStrategyName = (typeof CONSUMER_STRATEGIES)[number];

/** Consumers in competition for the events of one source. */
export interface GroupName {
  /** A stream, or `$all`. */
  readonly source: string;
  readonly group: string;
}

/** Which events of `$all` a group sees, in the protocol's words. */
export interface GroupFilter {
  readonly on: 'stream' | 'type';
  readonly prefixes?: readonly string[];
  /** In the server's dialect; needs no prefixes then. */
  readonly regex?: string;
}

export interface GroupSettings {
  /** Of a stream a revision, of `$all` a position as `C:<commit>/P:<prepare>`, both inclusive; or one of `FROM_END`. */
  readonly startFrom: string;
  readonly resolveLinks: boolean;
  /** Whether the time between sending and acknowledging is measured, per consumer. */
  readonly extraStatistics: boolean;
  /** What is not acknowledged within it is sent again; 0: it may take for ever. */
  readonly messageTimeoutMs: number;
  /** An event that was sent again so many times without success is parked. */
  readonly maxRetryCount: number;
  /** A checkpoint is written once it is worth `minCheckpointCount` events and so much time has passed, */
  readonly checkpointAfterMs: number;
  readonly minCheckpointCount: number;
  /** or as soon as it is worth so many events. */
  readonly maxCheckpointCount: number;
  /** 0: any number. */
  readonly maxSubscriberCount: number;
  /** Events kept ready for the consumers when the group has caught up with its source, */
  readonly liveBufferSize: number;
  /** and while it is behind. */
  readonly historyBufferSize: number;
  readonly readBatchSize: number;
  readonly consumerStrategy: ConsumerStrategyName;
}

export function isFromEnd(startFrom: string): boolean {
  return startFrom === FROM_END.stream || startFrom === FROM_END.all;
}

const LEAST: Partial<Record<keyof GroupSettings, number>> = {
  messageTimeoutMs: 0,
  maxRetryCount: 0,
  checkpointAfterMs: 0,
  minCheckpointCount: 0,
  maxCheckpointCount: 1,
  maxSubscriberCount: 0,
  liveBufferSize: 1,
  historyBufferSize: 1,
  readBatchSize: 1,
};

/** Throws InvalidInput. */
export function checkSettings(settings: GroupSettings): GroupSettings {
  const violations = Object.entries(LEAST).flatMap(([name, least]) => {
    const value = settings[name as keyof GroupSettings] as number;
    if (Number.isSafeInteger(value) && value >= least) return [];
    return [{ pointer: `/${name}`, detail: `It is ${value}; it must be a whole number from ${least}.` }];
  });
  if (!CONSUMER_STRATEGIES.includes(settings.consumerStrategy)) {
    const detail = `There is no consumer strategy '${settings.consumerStrategy}'. Take one of ${CONSUMER_STRATEGIES.join(', ')}.`;
    violations.push({ pointer: '/consumerStrategy', detail });
  }
  if (violations.length > 0) throw new InvalidInput(violations);
  return settings;
}
