import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ObjectState } from '#kernel/object-type';
import type { Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { inTime } from '../in-time.js';
import type { AnyObjectType } from './object-registry.js';

/** Milliseconds that a command waits for a snapshot: without it, it reads more events. */
const PATIENCE_MS = 1_000;
/** Milliseconds for which a read store that did not answer is left alone. */
const PAUSE_MS = 2_000;

/** A state to go on from, and the event it ends with. */
export interface Snapshot {
  readonly state: ObjectState;
  readonly revision: number;
  readonly position: Position;
  readonly eventId: string;
  readonly stateVersion: number;
}

const snapshots: ReadModel<Snapshot> = { name: 'snapshots', indexes: [] };

/** States of long objects, kept so that loading one reads only its last events. Losing them costs time, never data. */
@Injectable()
export class Snapshots implements OnModuleInit {
  readonly #log = new Logger(Snapshots.name);
  /** Until then commands go on without asking: none should wait for a store that it does not need. */
  #pausedUntil = 0;

  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  onModuleInit(): Promise<void> {
    return this.store.define(snapshots);
  }

  /** The last snapshot of the object, where its type can still read it and the read store can be had. */
  async find(stream: string, type: AnyObjectType): Promise<Snapshot | null> {
    if (performance.now() < this.#pausedUntil) return null;
    try {
      const snapshot = await inTime(this.store.get<Snapshot>(snapshots.name, stream), PATIENCE_MS);
      return snapshot?.stateVersion === type.stateVersion ? snapshot : null;
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#log.warn(`Loading objects such as '${stream}' without snapshots: ${(error as Error).message}`);
      return null;
    }
  }

  /** Keeps a snapshot. A failure is only logged: the object can be loaded without it. */
  async keep(stream: string, snapshot: Snapshot): Promise<void> {
    try {
      await this.store.write([{ collection: snapshots.name, id: stream, document: snapshot }]);
    } catch (error) {
      this.#log.warn(`No snapshot of '${stream}' was kept: ${(error as Error).message}`);
    }
  }
}
