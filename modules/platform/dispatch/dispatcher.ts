import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import type { Command } from '#kernel/command';
import type { Attributed, DomainEvent, EventMetadata } from '#kernel/event';
import { eventIdOf, type Ids } from '#kernel/ids';
import type { Context, ObjectRef } from '#kernel/object-type';
import { type Decided, KeysNeeded, type SealedEvents, Sealing } from '#platform/erasure/sealing';
import { Unsealing } from '#platform/erasure/unsealing';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import { EVENT_STORE, type EventStore, type NewEvent } from '#platform/event-store/event-store.port';
import { streamName } from '#platform/event-store/stream-name';
import { AccessPolicy } from './access-policy.js';
import type { Activation } from './activation.js';
import { Activations } from './activations.js';
import { commandIdOf, digestOf, idMadeBy } from './command-identity.js';
import { PreconditionFailed, ReservedType, TooMuchContention } from './dispatch.errors.js';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch-options.js';
import { envelopeOf, type Answer, type Envelope } from './envelope.js';
import { Idempotency } from './idempotency.js';
import { ObjectRegistry, type AnyObjectType } from './object-registry.js';
import { Objects } from './objects.js';
import { Snapshots, type Snapshot } from './snapshots.js';
import { WayMarking } from './way-marking.js';

export const CLOCK = Symbol('Clock');
export const IDS = Symbol('Ids');

/** Decisions on a state that others changed meanwhile, until the command is given up. */
const MAX_ATTEMPTS = 12;

/** Everything about one command that stays the same however often it is decided. */
export interface Order {
  readonly command: Command;
  readonly envelope: Envelope;
  readonly type: AnyObjectType;
  readonly object: ObjectRef;
  /** Whether the object's id was made for this command, so that nothing can be stored of it yet. */
  readonly isNew: boolean;
  readonly stream: string;
  readonly commandId: string;
  readonly digest: string | undefined;
  readonly now: Date;
  /** When it came, among the moments of this process. */
  readonly came: number;
  /** The same for keys of personal data: one that was seen since then may be used. */
  readonly keysSince: number;
}

/** The one way in: authorise, deduplicate, load, decide, append, and again where somebody else was faster. */
@Injectable()
export class Dispatcher {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    private readonly registry: ObjectRegistry,
    private readonly access: AccessPolicy,
    private readonly activations: Activations,
    private readonly idempotency: Idempotency,
    private readonly snapshots: Snapshots,
    private readonly objects: Objects,
    private readonly marking: WayMarking,
    private readonly sealing: Sealing,
    private readonly unsealing: Unsealing,
  ) {}

  /** Carries the command out. Resolves when its events are durable; rejects with a domain error where it is refused. */
  async dispatch(command: Command): Promise<Answer> {
    const order = this.orderOf(command);
    const decision = this.access.authorise(command, order.object, order.envelope);
    if (decision) await decision;
    const key = order.envelope.idempotencyKey;
    return key === undefined ? this.#carryOut(order) : this.idempotency.once(key, order, () => this.#carryOut(order));
  }

  /** What there is to do for the command. Throws ReservedType. */
  orderOf(command: Command): Order {
    const envelope = envelopeOf(command);
    const type = this.registry.deciderOf(command);
    const key = envelope.idempotencyKey;
    const commandId = key === undefined ? this.ids.next() : commandIdOf(envelope.tenant, key);
    const address = type.addressOf(command);
    const object = { type: address.type, id: address.id ?? idMadeBy(commandId, 0) };
    if (this.registry.typeNamed(object.type) !== type) throw new ReservedType(object.type);
    return {
      command,
      envelope,
      type,
      object,
      isNew: address.id === undefined,
      stream: streamName(envelope.tenant, object),
      commandId,
      digest: key === undefined ? undefined : digestOf(command),
      now: this.clock.now(),
      came: this.activations.moment(),
      keysSince: this.sealing.now(),
    };
  }

  async #carryOut(order: Order): Promise<Answer> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const needed = order.type.needsOf(order.command);
      const needs = needed && (await this.#statesOf(needed, order));
      const activation =
        this.activations.peek(order.stream) ??
        (order.isNew && attempt === 1
          ? this.activations.begin(order.stream, order.type)
          : await this.activations.get(order.stream, order.type));
      while (this.activations.isProvisional(activation)) await activation.settled();
      const answer = activation.broken ? undefined : await this.#attempt(order, activation, needs);
      if (answer instanceof KeysNeeded) {
        await answer.obtain();
        continue;
      }
      if (answer) return answer;
      this.activations.drop(order.stream, activation);
      await backOff(attempt);
    }
    throw new TooMuchContention(order.stream, MAX_ATTEMPTS);
  }

  /** From here to the append nothing awaits: the state cannot change in between. Undefined: decide again; KeysNeeded: with them. */
  async #attempt(order: Order, activation: Activation, needs: unknown): Promise<Answer | KeysNeeded | undefined> {
    const existed = activation.exists;
    let decided: SealedEvents;
    try {
      checkPrecondition(order.envelope.expected, activation);
      decided = this.#decide(order, activation, needs);
    } catch (refusal) {
      if (refusal instanceof KeysNeeded) return refusal;
      if (await this.activations.holds(order.stream, activation, order.came)) throw refusal;
      return undefined;
    }
    const { events } = decided;
    if (events.length === 0) {
      const { revision } = activation;
      const holds = await this.activations.holds(order.stream, activation, order.came);
      return holds ? answerOf(order, revision, activation.position, false) : undefined;
    }
    try {
      const { revision, position, state } = await this.#append(order, activation, decided);
      // What was carried out before, by another process, is answered; nothing is kept of a state that has it twice.
      if (activation.broken) return answerOf(order, revision, position, !existed || revision < events.length);
      const eventId = eventIdOf(order.commandId, events.length - 1);
      this.marking.passed(order.stream, order.type, revision, events.length);
      this.#keepSnapshot(order, activation, {
        state,
        revision,
        position,
        eventId,
        stateVersion: order.type.stateVersion,
      });
      return answerOf(order, revision, position, !existed);
    } catch (error) {
      this.activations.drop(order.stream, activation);
      if (error instanceof WrongExpectedRevision) return undefined;
      throw error;
    }
  }

  /** Decides on the state in plain, and seals what is personal in the events. */
  #decide(order: Order, activation: Activation, needs: unknown): SealedEvents {
    const { type, object, envelope } = order;
    const state = type.hasPersonal ? this.sealing.opened(envelope.tenant, activation.state) : activation.state;
    const events = type.decide(state, order.command, contextOf(order, needs));
    const known = { state, object, needs };
    const decided = events.map((event): Decided => ({ event, personal: type.personalIn(event, known) }));
    return this.sealing.sealed(envelope.tenant, decided, order.keysSince);
  }

  async #append(order: Order, activation: Activation, { events, key }: SealedEvents) {
    const recreates = !activation.exists && activation.revision >= 0;
    const metadata = metadataOf({ ...order, digest: this.sealing.digest(order.digest, key) }, recreates);
    const attributed = events.map((event): Attributed<DomainEvent> => ({
      type: event.type,
      data: event.data,
      metadata,
    }));
    const state = order.type.fold(attributed, activation.state);
    const stored = attributed.map((event, index): NewEvent => ({ id: eventIdOf(order.commandId, index), ...event }));
    const expected = activation.revision < 0 ? 'none' : activation.revision;
    const moment = this.activations.moment();
    // A command with a key is found again by its first event.
    const append = this.store.append(order.stream, expected, stored, { findable: order.digest !== undefined });
    activation.advance(state, events, append, moment);
    return { ...(await append), state };
  }

  async #statesOf(needs: Record<string, ObjectRef>, { envelope }: Order): Promise<unknown> {
    const states: Record<string, unknown> = {};
    for (const [name, ref] of Object.entries(needs)) {
      const { state } = await this.objects.load(envelope.tenant, ref);
      const isPersonal = this.registry.typeNamed(ref.type)?.hasPersonal;
      states[name] = isPersonal ? (await this.unsealing.unseal(envelope.tenant, state)).value : state;
    }
    return states;
  }

  #keepSnapshot({ stream }: Order, activation: Activation, snapshot: Snapshot): void {
    if (snapshot.revision - activation.snapshotRevision < this.options.snapshotEvery) return;
    activation.snapshotRevision = snapshot.revision;
    void this.snapshots.keep(stream, snapshot);
  }
}

/** What the decision may use beside the state. */
export function contextOf(order: Order, needs: unknown): Context {
  let made = 0;
  return {
    now: order.now,
    occurredAt: order.envelope.occurredAt === undefined ? order.now : new Date(order.envelope.occurredAt),
    tenant: order.envelope.tenant,
    actor: order.envelope.actor,
    object: order.object,
    needs,
    newId: () => idMadeBy(order.commandId, ++made),
  };
}

/** Throws PreconditionFailed. */
export function checkPrecondition(
  expected: Envelope['expected'],
  { exists, revision }: Pick<Activation, 'exists' | 'revision'>,
): void {
  if (expected === undefined) return;
  const holds = expected === 'none' ? !exists : exists && (expected === 'exists' || expected === revision);
  if (!holds) throw new PreconditionFailed(expected, exists ? revision : undefined);
}

/** Who, why and because of what the events are. */
export function metadataOf({ envelope, commandId, digest, now }: Order, recreates: boolean): EventMetadata {
  return {
    tenant: envelope.tenant,
    actor: envelope.actor,
    commandId,
    correlationId: envelope.correlationId ?? commandId,
    causationId: envelope.causationId ?? commandId,
    schemaVersion: 1,
    occurredAt: envelope.occurredAt ?? now.toISOString(),
    reason: envelope.reason,
    traceparent: envelope.traceparent,
    commandDigest: digest,
    recreates: recreates || undefined,
  };
}

function answerOf({ object }: Order, revision: number, position: string, created: boolean): Answer {
  return { id: object.id, revision, position, created };
}

/** Full jitter (AWS Architecture Blog, 2015): waits up to 1, 2, 4 … 64 ms. */
function backOff(attempt: number): Promise<void> {
  const longest = Math.min(64, 2 ** (attempt - 1));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
}
