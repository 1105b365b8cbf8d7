import { Injectable } from '@nestjs/common';
import type { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { Attributed, DomainEvent } from '#kernel/event';
import type { ObjectRef, ObjectState } from '#kernel/object-type';
import { SealedInput } from '#platform/erasure/erasure.errors';
import { sealedPlaces } from '#platform/erasure/sealed-places';
import { Unsealing } from '#platform/erasure/unsealing';
import { AccessPolicy } from './access-policy.js';
import { checkPrecondition, contextOf, Dispatcher, metadataOf, type Order } from './dispatcher.js';
import { type Moment, NOW } from './moment.js';
import { Objects } from './objects.js';
import type { LastEvent } from './past-objects.js';

/** What a command would lead to, or what it would be refused with. */
export interface Outcome {
  /** The last event that the decision knows of; not there where the object has none. */
  readonly last?: LastEvent;
  /** As they would be appended, without ids. */
  readonly events: readonly Attributed<DomainEvent>[];
  /** After these events; personal values that were there before are sealed. */
  readonly state: ObjectState;
  readonly refusal?: DomainError;
}

/** Decides commands without carrying them out: nothing is appended or kept, no object stays in memory. */
@Injectable()
export class DryRun {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly objects: Objects,
    private readonly access: AccessPolicy,
    private readonly unsealing: Unsealing,
  ) {}

  /**
   * What the command would lead to, decided on this object as it is stored, or was at this moment. Then the time is that of the moment
   * (of a revision: when it was recorded), and other objects that the decision reads are as they were then. Rejects where the command is
   * not allowed to its sender.
   */
  async decide(command: Command, object: ObjectRef, moment: Moment = NOW): Promise<Outcome> {
    // A command that creates its object may leave its id out.
    const order = { ...this.dispatcher.orderOf(command), object };
    await this.access.authorise(command, order.object, order.envelope);
    const { state, last } = await this.#load(order, order.object, moment);
    const needs = await this.#needs(order, forOthers(moment, last));
    const decided: Order = { ...order, now: timeOf(moment, last) ?? order.now };
    try {
      const exists = state.status !== 'absent';
      const revision = last?.revision ?? -1;
      checkPrecondition(order.envelope.expected, { exists, revision });
      const metadata = metadataOf(decided, !exists && revision >= 0);
      const known = await this.#opened(order, state);
      const events = order.type
        .decide(known, command, contextOf(decided, needs))
        .map(({ type, data }): Attributed<DomainEvent> => ({ type, data, metadata }));
      const sealed = events.flatMap(({ data }) => [...sealedPlaces(data)].map(({ pointer }) => pointer));
      if (sealed.length > 0) throw new SealedInput(sealed);
      return { last, events, state: order.type.fold(events, state) };
    } catch (refusal) {
      if (refusal instanceof DomainError && !refusal.retryable) return { last, events: [], state, refusal };
      throw refusal;
    }
  }

  async #needs(order: Order, moment: Moment): Promise<unknown> {
    const needed = order.type.needsOf(order.command);
    if (!needed) return undefined;
    const states: Record<string, ObjectState> = {};
    for (const [name, ref] of Object.entries(needed)) {
      const { state } = await this.#load(order, ref, moment);
      states[name] = await this.#opened(order, state);
    }
    return states;
  }

  /** A decision sees personal values in plain. */
  async #opened({ envelope }: Order, state: ObjectState): Promise<ObjectState> {
    return (await this.unsealing.unseal(envelope.tenant, state)).value;
  }

  #load({ envelope }: Order, ref: ObjectRef, moment: Moment) {
    return this.objects.at(envelope.tenant, ref, moment, { make: false });
  }
}

/** The same moment, for other objects: a revision is one of this object only. */
function forOthers({ revision, ...moment }: Moment, last: LastEvent | undefined): Moment {
  if (revision === undefined) return moment;
  return last ? { position: last.position } : NOW;
}

function timeOf({ revision, at }: Moment, last: LastEvent | undefined): Date | undefined {
  if (at !== undefined) return new Date(at);
  return revision === undefined || !last ? undefined : new Date(last.recordedAt);
}
