import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Recorded } from '#kernel/event';
import { EVENT_STORE, type EventStore, type StreamSlice } from '#platform/event-store/event-store.port';
import { Activation } from './activation.js';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch-options.js';
import type { AnyObjectType } from './object-registry.js';
import { type Snapshot, Snapshots } from './snapshots.js';
import { SLICE } from './stream-events.js';

/** The objects in memory: the least recently used ones leave when there are too many. */
@Injectable()
export class Activations {
  readonly #cache: LRUCache<string, Activation>;
  readonly #loading = new Map<string, Promise<Activation>>();
  readonly #looking = new Map<string, Promise<void>>();
  readonly #othersAppend: boolean;
  #moments = 0;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly snapshots: Snapshots,
    @Inject(DISPATCH_OPTIONS) options: DispatchOptions,
  ) {
    this.#cache = new LRUCache({ max: options.cachedObjects });
    this.#othersAppend = store.shared || (options.othersAppend ?? false);
  }

  get size(): number {
    return this.#cache.size;
  }

  /** Moments of this process in their order, to tell what was known before a request came. */
  moment(): number {
    return ++this.#moments;
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
    activation.asOf = this.moment();
    this.#cache.set(stream, activation);
    return activation;
  }

  /**
   * Whether the state must be durable before a command is decided on it. Where others append, too, one of them may take the place of an
   * append of ours that is under way: what was built on it would find the revision that it expects, and not the state.
   */
  isProvisional(activation: Activation): boolean {
    return this.#othersAppend && activation.ahead && !activation.broken;
  }

  /**
   * Whether what was just decided on, or read off, the activation's state holds: the state is durable, and it was all that the
   * store had at some time since that moment. Where it does not hold, the activation is dropped: load it and decide again. Where
   * others append, too, this costs a read of the stream's last event, unless an append or a load has shown it meanwhile.
   */
  async holds(stream: string, activation: Activation, since: number): Promise<boolean> {
    await activation.settled();
    if (activation.broken) return false;
    if (!this.#othersAppend || activation.asOf >= since) return true;

    // Those who ask together share a look: it serves everyone who came before it began.
    for (let look = this.#looking.get(stream); look; look = this.#looking.get(stream)) {
      await look;
      if (activation.broken) return false;
      if (activation.asOf >= since) return true;
    }
    const look = this.#look(stream, activation).finally(() => this.#looking.delete(stream));
    this.#looking.set(stream, look);
    await look;
    return !activation.broken;
  }

  /** Reads the stream's last event, and drops the activation where its state is not the last one. */
  async #look(stream: string, activation: Activation): Promise<void> {
    const moment = this.moment();
    const { revision } = activation;
    const { status, lastRevision } = await this.store.read(stream, { direction: 'backwards', limit: 1 });
    // Commands of this process may have gone on from the state: their appends show that it was the last one before.
    await activation.settled();
    if (activation.broken || activation.asOf >= moment) return;
    if (lastRevision === revision && (status === 'present' || !activation.exists)) activation.asOf = moment;
    else this.drop(stream, activation);
  }

  /** Forgets the object, so that the next command reads it from the store. */
  drop(stream: string, activation: Activation): void {
    activation.broken = true;
    if (this.#cache.peek(stream) === activation) this.#cache.delete(stream);
  }

  /** With a snapshot the read begins at the event it ends with: a restored store may not have that very event any more. */
  async #load(stream: string, type: AnyObjectType): Promise<Activation> {
    const asOf = this.moment();
    const snapshot = await this.snapshots.find(stream, type);
    let slice = await this.#read(stream, snapshot?.revision ?? 0);
    let activation = new Activation(type.initial, -1);
    if (snapshot && isBorneOut(snapshot, slice.events)) {
      const { state, revision, position } = snapshot;
      activation = new Activation(state, revision, position, revision);
    } else if (snapshot) {
      slice = await this.#read(stream, 0);
    }
    fold(activation, type, slice.events);
    while (slice.events.length > 0 && activation.revision < slice.lastRevision) {
      slice = await this.#read(stream, activation.revision + 1);
      fold(activation, type, slice.events);
    }
    activation.revision = slice.lastRevision;
    activation.asOf = asOf;
    this.#cache.set(stream, activation);
    return activation;
  }

  #read(stream: string, from: number): Promise<StreamSlice> {
    return this.store.read(stream, { from, limit: SLICE });
  }
}

function isBorneOut({ revision, eventId }: Snapshot, events: readonly Recorded[]): boolean {
  return events.some((event) => event.revision === revision && event.id === eventId);
}

/** Takes in those events that the activation does not have yet. All of one revision come in one slice: an upcaster can make several. */
function fold(activation: Activation, type: AnyObjectType, events: readonly Recorded[]): void {
  const before = activation.revision;
  for (const event of events) {
    if (event.revision <= before) continue;
    activation.state = type.evolve(activation.state, event);
    activation.revision = event.revision;
    activation.position = event.position;
  }
}
