import type { Clock } from '#kernel/clock';
import { type Connection, connection, type Consumer } from './persistent-consumer.js';
import type { Message } from './persistent-message.js';
import type { GroupSettings } from './persistent-settings.js';
import { Throughput } from './persistent-statistics.js';
import { type ConsumerStrategy, consumerStrategy } from './persistent-strategy.js';

/** What a consumer wants done with an event that it could not handle. */
export type NackAction = 'retry' | 'park' | 'skip';

/** What a delivery asks of the group around it. Called in the middle of its work: must not call back. */
export interface DeliveryEffects {
  /** Nothing more has to be done for the message. */
  finished(message: Message): void;
  /** The message has to be kept aside; `finished` is not called for it. */
  park(message: Message, reason: string): void;
}

interface InFlight {
  readonly message: Message;
  readonly to: Connection;
  readonly sentAt: number;
}

/**
 * Hands messages to the consumers of a group, to each within its buffer size, and follows each one up until it is acknowledged,
 * skipped or to be parked. Does nothing by itself: each call does all that it makes possible. Messages that are sent again go
 * before others.
 */
export class Delivery {
  readonly #strategy: ConsumerStrategy<Connection>;
  readonly #connections = new Map<string, Connection>();
  #ready: Message[] = [];
  #retries: Message[] = [];
  /** By the id that is acknowledged, in the order of sending. */
  readonly #inFlight = new Map<string, InFlight>();
  readonly throughput: Throughput;

  constructor(
    private readonly settings: GroupSettings,
    private readonly clock: Clock,
    private readonly effects: DeliveryEffects,
  ) {
    this.#strategy = consumerStrategy(settings.consumerStrategy);
    this.throughput = new Throughput(clock);
  }

  get connections(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  get retryCount(): number {
    return this.#retries.length;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  connect(consumer: Consumer): void {
    const connected = connection(consumer, this.clock, this.settings.extraStatistics);
    this.#connections.set(consumer.id, connected);
    this.#strategy.join(connected);
    this.#dispatch();
  }

  /** What the consumer did not acknowledge goes to others. */
  disconnect(consumerId: string): void {
    const left = this.#connections.get(consumerId);
    if (!left) return;
    this.#connections.delete(consumerId);
    this.#strategy.leave(left);
    for (const sent of [...this.#inFlight.values()].filter(({ to }) => to === left)) {
      this.#land(sent);
      this.#retry(sent.message);
    }
    this.#dispatch();
  }

  /** New messages, in order. */
  offer(messages: readonly Message[]): void {
    this.#ready.push(...messages);
    this.#dispatch();
  }

  /** Messages that should have gone out earlier, in order. */
  offerAgain(messages: readonly Message[]): void {
    this.#retries.push(...messages);
    this.#dispatch();
  }

  /** Ids that are not in flight are passed over: they may have been sent to somebody else, and acknowledged, meanwhile. */
  acknowledge(ids: readonly string[]): void {
    for (const id of ids) {
      const sent = this.#inFlight.get(id);
      if (!sent) continue;
      this.#land(sent);
      sent.to.latencies?.add(this.clock.now().getTime() - sent.sentAt);
      this.effects.finished(sent.message);
    }
    this.#dispatch();
  }

  /** Ids that are not in flight to this consumer are passed over. */
  reject(consumerId: string, ids: readonly string[], action: NackAction, reason: string): void {
    for (const id of ids) {
      const sent = this.#inFlight.get(id);
      if (sent?.to.id !== consumerId) continue;
      this.#land(sent);
      if (action === 'skip') this.effects.finished(sent.message);
      else if (action === 'park') this.effects.park(sent.message, `A consumer asked for it: ${reason}`);
      else this.#retry(sent.message);
    }
    this.#dispatch();
  }

  /** Takes back what was not acknowledged in time. */
  expire(): void {
    const { messageTimeoutMs } = this.settings;
    if (messageTimeoutMs === 0) return;
    const since = this.clock.now().getTime() - messageTimeoutMs;
    for (const sent of this.#inFlight.values()) {
      if (sent.sentAt > since) break;
      this.#land(sent);
      this.#retry(sent.message);
    }
    this.#dispatch();
  }

  #land(sent: InFlight): void {
    this.#inFlight.delete(sent.message.id);
    sent.to.inFlight--;
  }

  #retry(message: Message): void {
    const { maxRetryCount } = this.settings;
    if (message.retryCount >= maxRetryCount) {
      this.effects.park(message, `It was sent again ${maxRetryCount} times, which is the limit (maxRetryCount).`);
    } else {
      this.#retries.push({ ...message, retryCount: message.retryCount + 1 });
    }
  }

  #dispatch(): void {
    this.#retries = this.#sendFrom(this.#retries);
    this.#ready = this.#sendFrom(this.#ready);
  }

  /** Sends what finds a consumer, and answers with the rest. */
  #sendFrom(messages: Message[]): Message[] {
    const waiting: Message[] = [];
    for (const [index, message] of messages.entries()) {
      if (!this.#hasRoom()) return index === 0 ? messages : [...waiting, ...messages.slice(index)];
      // Two events of different streams can have the same id: an acknowledgement could not tell them apart.
      const to = this.#inFlight.has(message.id) ? undefined : this.#strategy.choose(message.resolved);
      if (to) this.#send(message, to);
      else waiting.push(message);
    }
    return waiting;
  }

  #hasRoom(): boolean {
    for (const { room } of this.#connections.values()) if (room > 0) return true;
    return false;
  }

  #send(message: Message, to: Connection): void {
    this.#inFlight.set(message.id, { message, to, sentAt: this.clock.now().getTime() });
    to.inFlight++;
    to.throughput.count();
    this.throughput.count();
    to.consumer.deliver(message);
  }
}
