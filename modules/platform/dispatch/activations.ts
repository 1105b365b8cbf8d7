import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { START, type Recorded } from '#kernel/event';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { Activation } from './activation.js';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch-options.js';
import type { AnyObjectType } from './object-registry.js';
import { Snapshots, type Snapshot } from './snapshots.js';

const PAGE = 1_000;

/** The objects in memory: the least recently used ones leave when there are too many. */
@Injectable()
export class Activations {
  readonly #cache: LRUCache<string, Activation>;
  readonly #loading = new Map<string, Promise<Activation>>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly snapshots: Snapshots,
    @Inject(DISPATCH_OPTIONS) options: DispatchOptions,
  ) {
    this.#cache = new LRUCache({ max: options.cachedObjects });
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The object, where it is in memory and sound. */
  peek(stream: string): Activation | undefined {
    const activation = this.#cache.get(stream);
    return activation?.broken ? undefined : activation;
  }

  /** The object, loaded where it is not in memory. Loads at the same time share one read. */
  async get(stream: string, type: AnyObjectType): Promise<Activation> {
    const present = this.peek(stream);
    if (present) return present;
    let loading = this.#loading.get(stream);
    if (!loading) {
      loading = this.#load(stream, type).finally(() => this.#loading.delete(stream));
      this.#loading.set(stream, loading);
    }
    return loading;
  }

  /** An object that was never stored, taken on trust: the first append finds out. */
  begin(stream: string, type: AnyObjectType): Activation {
    const activation = new Activation(type.initial, -1);
    this.#cache.set(stream, activation);
    return activation;
  }

  /** Forgets the object, so that the next command reads it from the store. */
  drop(stream: string, activation: Activation): void {
    activation.broken = true;
    if (this.#cache.peek(stream) === activation) this.#cache.delete(stream);
  }

  async #load(stream: string, type: AnyObjectType): Promise<Activation> {
    const snapshot = await this.#snapshotOf(stream, type);
    const activation = snapshot
      ? new Activation(snapshot.state, snapshot.revision, snapshot.position, snapshot.revision)
      : new Activation(type.initial, -1, START);
    for (;;) {
      const slice = await this.store.read(stream, { from: activation.revision + 1, limit: PAGE });
      fold(activation, type, slice.events);
      if (slice.events.length === 0 || activation.revision >= slice.lastRevision) {
        activation.revision = slice.lastRevision;
        this.#cache.set(stream, activation);
        return activation;
      }
    }
  }

  /** A snapshot counts only if the stream still has the very event it ends with: a restored store may not. */
  async #snapshotOf(stream: string, type: AnyObjectType): Promise<Snapshot | null> {
    const snapshot = await this.snapshots.find(stream, type);
    if (!snapshot) return null;
    const { events } = await this.store.read(stream, { from: snapshot.revision, limit: 1 });
    return events[0]?.id === snapshot.eventId ? snapshot : null;
  }
}

function fold(activation: Activation, type: AnyObjectType, events: readonly Recorded[]): void {
  for (const event of events) {
    activation.state = type.evolve(activation.state, event);
    activation.revision = event.revision;
    activation.position = event.position;
  }
}
