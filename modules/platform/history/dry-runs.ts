import { Injectable } from '@nestjs/common';
import type { JsonObject } from '#kernel/json';
import type { ObjectRef } from '#kernel/object-type';
import { namedCommand } from '#platform/batches/named-command';
import {
  Id,
  Identifier,
  Integer,
  JsonRecord,
  ListOf,
  Nested,
  OneOf,
  Optional,
  Text,
  Timestamp,
} from '#platform/commands/fields';
import { Unsealing } from '#platform/erasure/unsealing';
import { DryRun } from '#platform/dispatch/dry-run';
import { enclose, type Envelope } from '#platform/dispatch/envelope';
import type { TimeOfEvent } from '#platform/dispatch/moment';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { ViolationSchema } from '#platform/http/openapi-schemas';
import { Clock, invalid, IsoTime, momentOf } from './moment-parameters.js';
import { jsonOf, ObjectPast } from './object-past.js';

/** A command by its name, and the moment at which it is tried. */
export class DryRunRequest {
  /** Such as ActOnThing. */
  @Identifier() command: string;

  /** What the command takes. */
  @JsonRecord() fields: JsonObject;

  /** On the object with all events up to this revision. */
  @Optional(Integer({ min: 0 })) revision?: number;

  /** On the object, and others that matter, with all events up to this time; that is then the time of the decision. */
  @Optional(IsoTime()) at?: string;

  /** Which time `at` means: when events were recorded (default), or when they occurred. */
  @Optional(Clock()) clock?: TimeOfEvent;
}

/** An event as it would be appended. */
export class DryRunEvent {
  @Text() type: string;
  @JsonRecord() data: JsonObject;
  @Timestamp() occurredAt: string;
}

/** The problem that the command would be refused with. */
export class DryRunRefusal {
  @Text() code: string;
  @Text({ max: 100_000 }) detail: string;
  @ListOf(Nested(ViolationSchema), { max: 100_000 }) errors: ViolationSchema[];
}

/** What a command would lead to. */
export class DryRunAnswer {
  @Identifier() type: string;
  @Id() id: string;
  /** Of the last event that the decision knew of; -1 before the first one. */
  @Integer({ min: -1 }) revision: number;
  @OneOf(['accepted', 'refused']) outcome: 'accepted' | 'refused';
  @ListOf(Nested(DryRunEvent), { max: 100_000 }) events: DryRunEvent[];
  /** What the object would be then. */
  @JsonRecord() state: JsonObject;
  @Optional(Nested(DryRunRefusal)) refused?: DryRunRefusal;

  /** JSON pointers to what was erased of the state, and is null. */
  @Optional(ListOf(Text(), { max: 10_000 })) $erased?: readonly string[];
}

/** Tries commands out, now or in the past, without a trace. */
@Injectable()
export class DryRuns {
  constructor(
    private readonly registry: ObjectRegistry,
    private readonly past: ObjectPast,
    private readonly dryRun: DryRun,
    private readonly unsealing: Unsealing,
  ) {}

  /**
   * What the command would do to the object. A refusal is a result; rejects with InvalidInput where there is no such command, and with
   * ObjectTypeNotFound, ObjectNotFound and RevisionNotReached.
   */
  async try(ref: ObjectRef, request: DryRunRequest, envelope: Envelope): Promise<DryRunAnswer> {
    const type = this.past.typeOf(ref);
    const moment = momentOf(request, '');
    if (moment.revision !== undefined) await this.past.checkReached(envelope.tenant, ref, moment.revision);
    const command = namedCommand(this.registry, request, '');
    const decider = this.registry.deciderOf(command);
    const address = decider.addressOf(command);
    if (decider !== type || address.type !== ref.type || (address.id !== undefined && address.id !== ref.id)) {
      const addressed = `${address.type} '${address.id ?? 'new'}'`;
      throw invalid('/fields', `They address ${addressed}, the URL ${ref.type} '${ref.id}'. Let both name the same.`);
    }
    const { last, events, state, refusal } = await this.dryRun.decide(enclose(command, envelope), ref, moment);
    return this.unsealing.answer(envelope.tenant, {
      type: ref.type,
      id: ref.id,
      revision: last?.revision ?? -1,
      outcome: refusal ? 'refused' : 'accepted',
      events: events.map(({ type, data, metadata: { occurredAt } }) => ({
        type,
        data: data as JsonObject,
        occurredAt,
      })),
      state: jsonOf(state),
      refused: refusal && { code: refusal.code, detail: refusal.message, errors: [...refusal.violations] },
    });
  }
}
