import { hash } from 'node:crypto';
import { Inject, Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import type { ObjectState } from '#kernel/object-type';
import type { Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { Upcasters } from '../upcasting/upcasters.js';
import type { AnyObjectType } from './object-registry.js';
import { PatientReads } from './patient-reads.js';

/** A state to go on from, and the event it ends with. */
export interface Snapshot {
  readonly state: ObjectState;
  readonly revision: number;
  readonly position: Position;
  readonly eventId: string;
  readonly stateVersion: number;
  /** Which upcasters its events were read through; empty without any. */
  readonly upcasters?: string;
}

const snapshots: ReadModel<Snapshot> = { name: 'snapshots', indexes: [] };

/** States of long objects, kept so that loading one reads only its last events. Losing them costs time, never data. */
@Injectable()
export class Snapshots implements OnModuleInit {
  readonly #log = new Logger(Snapshots.name);
  readonly #reads = new PatientReads(this.#log);
  readonly #upcasters: string;

  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Optional() upcasters?: Upcasters,
  ) {
    this.#upcasters = digestOf(upcasters);
  }

  onModuleInit(): Promise<void> {
    return this.store.define(snapshots);
  }

  /** The last snapshot of the object, where its type can still read it and the read store can be had. */
  async find(stream: string, type: AnyObjectType): Promise<Snapshot | null> {
    const snapshot = await this.#reads.ask(stream, () => this.store.get<Snapshot>(snapshots.name, stream));
    const isCurrent = snapshot?.stateVersion === type.stateVersion && (snapshot.upcasters ?? '') === this.#upcasters;
    return isCurrent ? snapshot : null;
  }

  /** Keeps a snapshot. A failure is only logged: the object can be loaded without it. */
  async keep(stream: string, snapshot: Snapshot): Promise<void> {
    try {
      const document: Snapshot = { ...snapshot, upcasters: this.#upcasters };
      await this.store.write([{ collection: snapshots.name, id: stream, document }]);
    } catch (error) {
      this.#log.warn(`No snapshot of '${stream}' was kept: ${(error as Error).message}`);
    }
  }

  /** Removes it, durably. Rejects where the read store does not answer. */
  async forget(stream: string): Promise<void> {
    await this.store.write([{ collection: snapshots.name, id: stream, document: null }]);
  }
}

/** Tells a set of upcasters from others in a few characters: a state that was folded through others is stale. */
export function digestOf(upcasters: Upcasters | undefined): string {
  const fingerprint = upcasters?.fingerprint ?? '';
  return fingerprint === '' ? '' : hash('sha256', fingerprint, 'base64url').slice(0, 16);
}
