import { Inject, Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import { eventIdOf } from '#kernel/ids';
import type { ObjectRef } from '#kernel/object-type';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
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

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** The first answer where there was one, else that of `carryOut`. Rejects with IdempotencyKeyReused, RequestInFlight. */
  async once(key: string, command: Identified, carryOut: () => Promise<Answer>): Promise<Answer> {
    if (this.#inFlight.has(command.commandId)) throw new RequestInFlight(key);
    this.#inFlight.add(command.commandId);
    try {
      const first = await this.store.find(eventIdOf(command.commandId, 0));
      if (!first) return await carryOut();
      if (first.stream !== command.stream || first.metadata.commandDigest !== command.digest) {
        throw new IdempotencyKeyReused(key);
      }
      const last = await this.#lastEventOf(first);
      const { revision, position } = last;
      return {
        id: command.object.id,
        revision,
        position,
        created: first.revision === 0 || first.metadata.recreates === true,
        replayed: true,
      };
    } finally {
      this.#inFlight.delete(command.commandId);
    }
  }

  /** All events of a command stand together: one append put them there. */
  async #lastEventOf(first: Recorded): Promise<Recorded> {
    let last = first;
    for (;;) {
      const { events } = await this.store.read(first.stream, { from: last.revision + 1, limit: PAGE });
      const others = events.findIndex(({ metadata }) => metadata.commandId !== first.metadata.commandId);
      if (others === 0 || events.length === 0) return last;
      last = events.at(others < 0 ? -1 : others - 1)!;
      if (others > 0) return last;
    }
  }
}
