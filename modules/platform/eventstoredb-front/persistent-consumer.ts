import type { Clock } from '#kernel/clock';
import type { Message } from './persistent-message.js';
import { Latencies, Throughput } from './persistent-statistics.js';
import type { Candidate } from './persistent-strategy.js';

/** A client that reads from a group. */
export interface Consumer {
  readonly id: string;
  /** Events that it may have unacknowledged at a time. */
  readonly bufferSize: number;
  /** What the client calls its connection, who it is and where it comes from: for information only. */
  readonly connectionName: string;
  readonly user: string;
  readonly from: string;
  /** Must not throw. */
  deliver(message: Message): void;
  /** The subscription ends from the server's side. */
  drop(reason: Error): void;
}

/** A consumer with what the group knows of it. */
export interface Connection extends Candidate {
  readonly consumer: Consumer;
  readonly throughput: Throughput;
  /** There where the group has extra statistics. */
  readonly latencies?: Latencies;
  inFlight: number;
}

export function connection(consumer: Consumer, clock: Clock, extraStatistics: boolean): Connection {
  return {
    id: consumer.id,
    consumer,
    throughput: new Throughput(clock),
    ...(extraStatistics && { latencies: new Latencies() }),
    inFlight: 0,
    get room() {
      return consumer.bufferSize - this.inFlight;
    },
  };
}
