import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ObjectState } from '#kernel/object-type';
import type { Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import type { AnyObjectType } from './object-registry.js';

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

  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  onModuleInit(): Promise<void> {
    return this.store.define(snapshots);
  }

  /** The last snapshot of the object, where its type can still read it. */
  async find(stream: string, type: AnyObjectType): Promise<Snapshot | null> {
    try {
      const snapshot = await this.store.get<Snapshot>(snapshots.name, stream);
      return snapshot?.stateVersion === type.stateVersion ? snapshot : null;
    } catch (error) {
      this.#log.warn(`Loading '${stream}' without its snapshot: ${(error as Error).message}`);
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
