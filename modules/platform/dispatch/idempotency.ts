import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '#kernel/errors';
import type { Recorded } from '#kernel/event';
import { eventIdOf } from '#kernel/ids';
import type { ObjectRef } from '#kernel/object-type';
import { Sealing } from '#platform/erasure/sealing';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch-options.js';
import { IdempotencyKeyReused, RequestInFlight } from './dispatch.errors.js';
import type { Answer } from './envelope.js';

/** Most commands lead to a few events. */
const PAGE = 10;

/** What identifies a command beyond its key. */
interface Identified {
  readonly object: ObjectRef;
  readonly stream: string;
  readonly commandId: string;
  readonly digest: string | undefined;
}

/**
 * A command with a key is carried out once. What it did is read back from its events, whose ids follow from the key; a
 * command that was refused or led to no event left nothing behind and is simply decided again.
 */
@Injectable()
export class Idempotency {
  readonly #inFlight = new Set<string>();
  readonly #othersAppend: boolean;

  constructor(
    @Inject(STORED_EVENTS) private readonly store: EventStore,
    @Inject(DISPATCH_OPTIONS) options: DispatchOptions,
    private readonly sealing: Sealing,
  ) {
    this.#othersAppend = store.shared || (options.othersAppend ?? false);
  }

  /** The first answer where there was one, else that of `carryOut`. Rejects with IdempotencyKeyReused, RequestInFlight. */
  async once(key: string, command: Identified, carryOut: () => Promise<Answer>): Promise<Answer> {
    if (this.#inFlight.has(command.commandId)) throw new RequestInFlight(key);
    this.#inFlight.add(command.commandId);
    try {
      return (await this.#firstAnswer(key, command)) ?? (await this.#carryOut(key, command, carryOut));
    } finally {
      this.#inFlight.delete(command.commandId);
    }
  }

  /**
   * Where another process was asked first and is about it, its events can come while we decide, and be the very reason why we
   * refuse.
   */
  async #carryOut(key: string, command: Identified, carryOut: () => Promise<Answer>): Promise<Answer> {
    try {
      return await carryOut();
    } catch (refusal) {
      const isFinal = refusal instanceof DomainError && !refusal.retryable;
      const first = this.#othersAppend && isFinal ? await this.#firstAnswer(key, command) : undefined;
      if (first) return first;
      throw refusal;
    }
  }

  async #firstAnswer(key: string, { object, stream, commandId, digest }: Identified): Promise<Answer | undefined> {
    const first = await this.store.find(eventIdOf(commandId, 0));
    if (!first) return undefined;
    const isSame = first.stream === stream && (await this.sealing.isDigest(first.metadata.commandDigest, digest));
    if (!isSame) throw new IdempotencyKeyReused(key);
    const { revision, position } = await this.#lastEventOf(first);
    const created = first.revision === 0 || first.metadata.recreates === true;
    return { id: object.id, revision, position, created, replayed: true };
  }

  /**
   * One append put all events of a command there, so that they follow one another in the global order, too: there they are seen even
   * where their stream was deleted since.
   */
  async #lastEventOf(first: Recorded): Promise<Recorded> {
    let last = first;
    for (;;) {
      const { position } = last;
      const { events, end } = await this.store.readAll({ position, limit: PAGE, system: true, hidden: true });
      const others = events.findIndex(({ metadata }) => metadata.commandId !== first.metadata.commandId);
      last = (others < 0 ? events : events.slice(0, others)).at(-1) ?? last;
      if (others >= 0 || end) return last;
    }
  }
}
