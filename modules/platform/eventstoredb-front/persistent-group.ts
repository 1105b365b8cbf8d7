import type { Clock } from '#kernel/clock';
import type { Recorded } from '#kernel/event';
import type { Ids } from '#kernel/ids';
import type { EventStore } from '#platform/event-store/event-store.port';
import { CheckpointKeeper, CheckpointStream } from './persistent-checkpoint.js';
import type { GroupEntry } from './persistent-configuration.js';
import type { Consumer } from './persistent-consumer.js';
import { Delivery, type NackAction } from './persistent-delivery.js';
import { MaximumSubscribersReached, SubscriptionDropped } from './persistent-errors.js';
import type { Message } from './persistent-message.js';
import { ParkedMessages } from './persistent-parked.js';
import { Parking } from './persistent-parking.js';
import { CheckpointPolicy, Progress } from './persistent-progress.js';
import { ReadAhead } from './persistent-read-ahead.js';
import { openSource, type Source } from './persistent-source.js';
import { ALL, type GroupName } from './persistent-settings.js';
import type { ThroughputStats } from './persistent-statistics.js';

export interface GroupOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Hears of failures that are retried. */
  readonly warn: (message: string) => void;
}

/** What a group is doing, for the answers to `getInfo`. */
export interface GroupStatus {
  readonly live: boolean;
  readonly replaying: boolean;
  readonly throughput: ThroughputStats;
  readonly ready: number;
  readonly retries: number;
  readonly inFlight: number;
  readonly outstanding: number;
  readonly parked: number;
  /** Places; empty where there is none. */
  readonly lastKnown: string;
  readonly lastCheckpoint: string;
}

/**
 * One persistent subscription at work: reads its source as far ahead as its buffers allow, hands the events to its consumers,
 * parks what they cannot handle and keeps a checkpoint. Each event is delivered at least once, whatever fails: a checkpoint never
 * passes an event that was neither acknowledged, nor skipped, nor durably parked. Reads only while it has consumers.
 */
export class PersistentGroup {
  readonly #delivery: Delivery;
  readonly #parked: ParkedMessages;
  readonly #parking: Parking;
  readonly #checkpoints: CheckpointKeeper;
  readonly #progress: Progress;
  readonly #ahead: ReadAhead;
  #closed = false;

  /** Goes on from the group's checkpoint. Rejects with the store's errors. */
  static async open(entry: GroupEntry, options: GroupOptions): Promise<PersistentGroup> {
    const source = openSource(options.store, entry.source, entry.filter);
    const checkpoint = await new CheckpointStream(options.store, options.ids, entry).load();
    return new PersistentGroup(entry, options, source, checkpoint);
  }

  private constructor(
    readonly entry: GroupEntry,
    private readonly options: GroupOptions,
    private readonly source: Source,
    checkpoint: string | undefined,
  ) {
    const { settings } = entry;
    const start = checkpoint ?? entry.startAfter ?? source.before(settings.startFrom);
    this.#progress = new Progress(start);
    const warn = (attempt: string, error: unknown): void => this.#warn(attempt, error);
    const stream = new CheckpointStream(options.store, options.ids, entry);
    const policy = new CheckpointPolicy(settings, options.clock, start);
    this.#checkpoints = new CheckpointKeeper(stream, policy, this.#progress, checkpoint, warn);
    this.#parked = new ParkedMessages(options.store, options.ids, options.clock, entry);
    this.#parking = new Parking(this.#parked, (done) => this.#finished(done), warn);
    this.#delivery = new Delivery(settings, options.clock, {
      finished: (done) => this.#finished(done),
      park: (rejected, reason) => this.#parking.park(rejected, reason),
    });
    this.#ahead = new ReadAhead({
      store: options.store,
      source,
      settings,
      progress: this.#progress,
      parked: this.#parked,
      delivery: this.#delivery,
      warn,
    });
  }

  get connections(): Delivery['connections'] {
    return this.#delivery.connections;
  }

  /**
   * Calls back before the first event. Throws MaximumSubscribersReached, or SubscriptionDropped where the group has just been
   * closed.
   */
  connect(consumer: Consumer, confirm: () => void = () => undefined): void {
    const { maxSubscriberCount } = this.entry.settings;
    if (this.#closed) throw new SubscriptionDropped(this.entry);
    if (maxSubscriberCount > 0 && this.connections.length >= maxSubscriberCount) {
      throw new MaximumSubscribersReached(this.entry, maxSubscriberCount);
    }
    confirm();
    this.#delivery.connect(consumer);
    this.#ahead.wake();
  }

  disconnect(consumerId: string): void {
    if (!this.#closed) this.#delivery.disconnect(consumerId);
  }

  acknowledge(ids: readonly string[]): void {
    this.#delivery.acknowledge(ids);
    this.#ahead.wake();
  }

  reject(consumerId: string, ids: readonly string[], action: NackAction, reason: string): void {
    if (this.#closed) return;
    this.#delivery.reject(consumerId, ids, action, reason);
    this.#ahead.wake();
  }

  /** Ends one subscription; what the consumer has not acknowledged goes to others. */
  drop(consumerId: string): void {
    const dropped = this.connections.find(({ id }) => id === consumerId);
    this.disconnect(consumerId);
    dropped?.consumer.drop(new SubscriptionDropped(this.entry));
  }

  /** Sends parked events again, those before the revision `stopAt` of the parked stream if there is one. */
  async replayParked(stopAt?: number): Promise<void> {
    await this.#parked.replay(stopAt);
    this.#ahead.wake();
  }

  /** Something was stored. */
  notice(event: Recorded): void {
    if (this.source.concerns(event)) this.#ahead.more();
  }

  /** To be called now and then: does what time makes due, and what failed before. */
  async tick(): Promise<void> {
    if (this.#closed) return;
    this.#delivery.expire();
    this.#parking.retry();
    this.#checkpoints.retry();
    this.#ahead.wake();
    await this.#truncateParked();
  }

  /**
   * Nothing is sent any more. What is with a consumer now stays unhandled: that the consumers go is no failure of theirs, and must
   * not count as a retry.
   */
  stop(): void {
    this.#closed = true;
    this.#ahead.stop();
  }

  /** Stops, ends all subscriptions, and writes the checkpoint unless the group is to be forgotten. */
  async close(last: 'remember' | 'forget' = 'remember'): Promise<void> {
    this.stop();
    for (const { id } of this.connections) this.drop(id);
    await this.#ahead.settle();
    await this.#parking.settle();
    await this.#checkpoints.finish(last);
    if (last === 'remember') await this.#truncateParked();
  }

  async status(): Promise<GroupStatus> {
    return {
      live: this.#ahead.live,
      replaying: this.#parked.replaying,
      throughput: this.#delivery.throughput.measure(),
      ready: this.#delivery.readyCount,
      retries: this.#delivery.retryCount,
      inFlight: this.#delivery.inFlightCount,
      outstanding: this.#delivery.inFlightCount + this.#parking.count,
      parked: await this.#parked.count(),
      lastKnown: shown(await this.#lastKnown()),
      lastCheckpoint: shown(this.#checkpoints.place),
    };
  }

  /** Where the group has caught up with `$all`, what came since is of no concern to it. */
  async #lastKnown(): Promise<string | undefined> {
    return this.entry.source === ALL && this.#ahead.caughtUp ? this.#progress.read : this.source.last();
  }

  #finished(done: Message): void {
    if (done.origin === 'parked') this.#parked.finished(done);
    else this.#progress.close(done.number);
    this.#checkpoints.keep();
  }

  async #truncateParked(): Promise<void> {
    await this.#parked.truncate().catch((error: unknown) => this.#warn('truncate what was replayed', error));
  }

  #warn(attempt: string, error: unknown): void {
    const { source, group } = this.entry;
    const why = (error as Error).message ?? String(error);
    this.options.warn(`The group '${group}' on '${source}' could not ${attempt}, and tries again: ${why}`);
  }
}

/** Deletes what a group has stored, but for its configuration. */
export async function forgetGroup(name: GroupName, { store, ids, clock }: GroupOptions): Promise<void> {
  await new CheckpointStream(store, ids, name).delete();
  await new ParkedMessages(store, ids, clock, name).delete();
}

/** A place as the protocol tells it: before the first event there is none. */
function shown(place: string | undefined): string {
  return place === undefined || place === '-1' || place === 'C:0/P:0' ? '' : place;
}
