import type { Clock } from '#kernel/clock';
import type { Ids } from '#kernel/ids';
import { contentOf } from '#platform/event-store/event-content';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { GroupFilter, GroupName, GroupSettings } from './persistent-settings.js';

/** Holds all groups, whole, in each of its events. Who may write it may change groups. */
export const CONFIGURATION_STREAM = '$persistentSubscriptionConfig';

const CONFIGURATION_TYPE = '$PersistentConfig';
const VERSION = '2';
/** Others change the configuration at the same time hardly ever, and not five times in a row. */
const ATTEMPTS = 5;

/** A group as it is kept. */
export interface GroupEntry extends GroupName {
  readonly settings: GroupSettings;
  /** Only of groups that read `$all`. */
  readonly filter?: GroupFilter;
  /** Where the end was, for a group that begins there: what comes after it must not be lost before the first checkpoint. */
  readonly startAfter?: string;
}

export interface ConfigurationOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** All groups there are. */
export class GroupConfiguration {
  #revision = -1;
  #entries: readonly GroupEntry[] = [];

  constructor(private readonly options: ConfigurationOptions) {}

  async load(): Promise<readonly GroupEntry[]> {
    const slice = await this.options.store.read(CONFIGURATION_STREAM, { direction: 'backwards', limit: 1 });
    const [last] = slice.events;
    this.#revision = last?.revision ?? -1;
    this.#entries = last ? parse(Buffer.from(contentOf(last).data).toString()) : [];
    return this.#entries;
  }

  /** Applies the change to what is stored now. Rejects with the store's errors. */
  async change(user: string, change: (entries: readonly GroupEntry[]) => readonly GroupEntry[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const entries = change(this.#entries);
      try {
        await this.#append(entries, user);
        return;
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt === ATTEMPTS) throw error;
        await this.load();
      }
    }
  }

  async #append(entries: readonly GroupEntry[], user: string): Promise<void> {
    const { store, clock, ids } = this.options;
    const data = {
      version: VERSION,
      updated: clock.now().toISOString(),
      updatedBy: user,
      entries: entries.map(toStored),
    };
    const event = { id: ids.next(), type: CONFIGURATION_TYPE, data, metadata: {} };
    const expected = this.#revision === -1 ? 'none' : this.#revision;
    const { revision } = await store.append(CONFIGURATION_STREAM, expected, [event]);
    this.#revision = revision;
    this.#entries = entries;
  }
}

/** An entry with the names that EventStoreDB gives them. */
interface StoredEntry {
  readonly stream: string;
  readonly group: string;
  readonly filter?: GroupFilter;
  readonly startPosition: string;
  readonly startAfter?: string;
  readonly resolveLinkTos: boolean;
  readonly extraStatistics: boolean;
  readonly messageTimeout: number;
  readonly maxRetryCount: number;
  readonly checkPointAfter: number;
  readonly minCheckPointCount: number;
  readonly maxCheckPointCount: number;
  readonly maxSubscriberCount: number;
  readonly liveBufferSize: number;
  readonly historyBufferSize: number;
  readonly readBatchSize: number;
  readonly namedConsumerStrategy: GroupSettings['consumerStrategy'];
}

function toStored({ source, group, settings, filter, startAfter }: GroupEntry): StoredEntry {
  return {
    stream: source,
    group,
    ...(filter && { filter }),
    startPosition: settings.startFrom,
    ...(startAfter !== undefined && { startAfter }),
    resolveLinkTos: settings.resolveLinks,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeoutMs,
    maxRetryCount: settings.maxRetryCount,
    checkPointAfter: settings.checkpointAfterMs,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    maxSubscriberCount: settings.maxSubscriberCount,
    liveBufferSize: settings.liveBufferSize,
    historyBufferSize: settings.historyBufferSize,
    readBatchSize: settings.readBatchSize,
    namedConsumerStrategy: settings.consumerStrategy,
  };
}

function parse(text: string): GroupEntry[] {
  const { entries } = JSON.parse(text) as { readonly entries: readonly StoredEntry[] };
  return entries.map((entry) => ({
    source: entry.stream,
    group: entry.group,
    ...(entry.filter && { filter: entry.filter }),
    ...(entry.startAfter !== undefined && { startAfter: entry.startAfter }),
    settings: {
      startFrom: entry.startPosition,
      resolveLinks: entry.resolveLinkTos,
      extraStatistics: entry.extraStatistics,
      messageTimeoutMs: entry.messageTimeout,
      maxRetryCount: entry.maxRetryCount,
      checkpointAfterMs: entry.checkPointAfter,
      minCheckpointCount: entry.minCheckPointCount,
      maxCheckpointCount: entry.maxCheckPointCount,
      maxSubscriberCount: entry.maxSubscriberCount,
      liveBufferSize: entry.liveBufferSize,
      historyBufferSize: entry.historyBufferSize,
      readBatchSize: entry.readBatchSize,
      consumerStrategy: entry.namedConsumerStrategy,
    },
  }));
}
