import { Inject, Injectable } from '@nestjs/common';
import type { ObjectRef, ObjectState } from '#kernel/object-type';
import {
  EVENT_STORE,
  type EventStore,
  type ReadOptions,
  type StreamSlice,
} from '#platform/event-store/event-store.port';
import { streamName } from '#platform/event-store/stream-name';
import { Activations } from './activations.js';
import { ReservedType } from './dispatch.errors.js';
import type { Moment } from './moment.js';
import { ObjectRegistry, type AnyObjectType } from './object-registry.js';
import { type PastObject, PastObjects, type PastOptions } from './past-objects.js';

/** An object as it is, or was. `absent` at revision -1 where it never was. */
export interface ObjectView {
  readonly state: ObjectState;
  readonly revision: number;
}

/** Reads durable objects: now, at an earlier moment, and their history. Strongly consistent, unlike read models. */
@Injectable()
export class Objects {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly activations: Activations,
    private readonly registry: ObjectRegistry,
    private readonly past: PastObjects,
  ) {}

  /** The object with everything that was answered so far. */
  async load(tenant: string, ref: ObjectRef): Promise<ObjectView> {
    const stream = streamName(tenant, ref);
    const type = this.#typeOf(ref);
    const asked = this.activations.moment();
    for (;;) {
      const activation = this.activations.peek(stream) ?? (await this.activations.get(stream, type));
      const { state, revision } = activation;
      if (await this.activations.holds(stream, activation, asked)) return { state, revision };
    }
  }

  /** The object as it was when this revision was its last; as it is now where the revision is still to come. */
  async loadAt(tenant: string, ref: ObjectRef, revision: number): Promise<ObjectView> {
    const { state, last } = await this.at(tenant, ref, { revision });
    return { state, revision: last?.revision ?? -1 };
  }

  /** The object with all events that belong to its past at this moment, and none else; as it is stored, not as it is in memory. */
  async at(tenant: string, ref: ObjectRef, moment: Moment, options?: PastOptions): Promise<PastObject> {
    const stream = streamName(tenant, ref);
    return this.past.at(stream, this.#typeOf(ref), moment, options);
  }

  /** The object's events, in today's shapes. */
  history(tenant: string, ref: ObjectRef, options: ReadOptions): Promise<StreamSlice> {
    this.#typeOf(ref);
    return this.store.read(streamName(tenant, ref), options);
  }

  #typeOf({ type }: ObjectRef): AnyObjectType {
    const known = this.registry.typeNamed(type);
    if (!known) throw new ReservedType(type);
    return known;
  }
}
