import { Inject, Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import type { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventMetadata } from '#kernel/event';
import type { Ids } from '#kernel/ids';
import { commandIdOf } from '#platform/dispatch/command-identity';
import { CLOCK, IDS } from '#platform/dispatch/dispatcher';
import { envelopeOf, type Envelope } from '#platform/dispatch/envelope';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { RefusalLog } from '#platform/dispatch/refusal-log';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { streamName } from '#platform/event-store/stream-name';
import { findProblem } from '#platform/http/problem-catalogue';
import { inTime } from '#platform/in-time';
import { Metrics } from '#platform/observability/metrics';
import { AUDIT_TYPE, type AuditEvent } from './audit.events.js';

/** Milliseconds that a refused sender waits for the record at most. */
const PATIENCE = 5_000;

/**
 * Refusals as events, in one stream a tenant and day: it can be read, given a maximum age or deleted as one, and no object's own
 * stream grows by what was not done to it. Nothing is decided on these streams, so that many appends to one do not hinder each other.
 */
@Injectable()
export class RecordedRefusals extends RefusalLog implements OnModuleInit {
  readonly #logger = new Logger('Audit');
  #lost = 0;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    private readonly registry: ObjectRegistry,
    @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
  ) {
    super();
  }

  onModuleInit(): void {
    const help = 'Refused commands that could not be recorded since the start. Each is in the log.';
    this.metrics?.gauge('audit_refusals_lost', help, () => this.#lost);
  }

  async record(command: Command, refusal: unknown): Promise<void> {
    try {
      await inTime(this.#append(command, refusal), PATIENCE);
    } catch (error) {
      this.#lost++;
      const { code, name } = refusal as Partial<DomainError>;
      this.#logger.error(
        `The refusal of ${command.constructor.name} (${code ?? name}) was not recorded: ${String(error)}`,
      );
    }
  }

  async #append(command: Command, refusal: unknown): Promise<void> {
    const envelope = envelopeOf(command);
    const now = this.clock.now().toISOString();
    const stream = streamName(envelope.tenant, { type: AUDIT_TYPE, id: now.slice(0, 10) });
    // An id of its own: under the command's, a later attempt would take this for what the command did.
    const id = this.ids.next();
    const event = { id, ...this.#eventOf(command, envelope, refusal), metadata: metadataOf(envelope, id, now) };
    await this.store.append(stream, 'any', [event]);
  }

  #eventOf(command: Command, { tenant, idempotencyKey }: Envelope, refusal: unknown): AuditEvent {
    const { type, id } = this.registry.deciderOf(command).addressOf(command);
    const attempt = {
      command: command.constructor.name,
      ...(idempotencyKey !== undefined && { commandId: commandIdOf(tenant, idempotencyKey) }),
      object: { type, ...(id !== undefined && { id }) },
    };
    if (!(refusal instanceof DomainError)) {
      return { type: 'audit.commandFailed', data: { ...attempt, code: 'internal-error' } };
    }
    const { code, kind } = refusal;
    return { type: 'audit.commandRefused', data: { ...attempt, code, kind, detail: findProblem(code)?.title } };
  }
}

function metadataOf(envelope: Envelope, id: string, now: string): EventMetadata {
  const { tenant, actor, correlationId, causationId, reason, traceparent } = envelope;
  return {
    tenant,
    actor,
    commandId: id,
    correlationId: correlationId ?? id,
    causationId: causationId ?? id,
    schemaVersion: 1,
    occurredAt: now,
    reason,
    traceparent,
  };
}
