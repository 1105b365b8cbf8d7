import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { Command } from '#kernel/command';
import { type Answer, enclose, type Envelope } from '#platform/dispatch/envelope';
import { parkedEvents, type ParkedKey } from '#platform/projecting/parked-events';
import { ProjectionElsewhere } from '#platform/projecting/projecting.errors';
import type { ReplayOutcome as RunnersOutcome } from '#platform/projecting/replay-parked';
import { RunningProjections } from '#platform/projecting/running-projections';
import { type Filter, type Page, READ_STORE, type ReadStore, type Stored } from '#platform/read-store/read-store.port';
import { NobodyRunsProjection, ParkedEventNotFound } from './parking.errors.js';
import { MAX_REPLAYED, RequestReplay, SkipEvent } from './projection.commands.js';

/** Which parked work; what is left out does not matter. */
export interface ParkedFilter {
  readonly projection?: string;
  /** Fingerprint of the failure. */
  readonly cause?: string;
  /** Of the code that failed, such as 3@0.1.0. */
  readonly version?: string;
}

/**
 * `replayed`: the document is whole again. `still-failing`: it went as far as it could. `not-parked`: somebody was faster. `asked`: the
 * process that runs the projection has not come to it yet.
 */
export type ReplayOutcome = 'replayed' | 'still-failing' | 'not-parked' | 'asked';

export interface Replayed {
  readonly id: string;
  readonly outcome: ReplayOutcome;
  /** What it still fails for. */
  readonly error?: string;
}

/** Seconds in which another process has to begin with what it is asked for. */
const PATIENCE_SECONDS = 5;
const LOOK_EVERY_MS = 50;

/** What operators see of the events that projections could not take, and do about them. Free of any transport. */
@Injectable()
export class ParkedWork {
  constructor(
    @Inject(READ_STORE) private readonly documents: ReadStore,
    private readonly commands: CommandBus,
    private readonly modules: ModuleRef,
  ) {}

  /** By id. Rejects with InvalidCursor. */
  list(filter: ParkedFilter, page: { limit?: number; cursor?: string } = {}): Promise<Page<ParkedKey>> {
    return this.documents.query<ParkedKey>(parkedEvents.name, { ...page, filter: toFilter(filter) });
  }

  /** Rejects with ParkedEventNotFound. */
  async get(id: string): Promise<ParkedKey> {
    const parked = await this.documents.get<ParkedKey>(parkedEvents.name, id);
    if (!parked) throw new ParkedEventNotFound(id);
    return parked;
  }

  /**
   * Tries the matching work again, oldest ids first and at most {@link MAX_REPLAYED} of it: what is left is asked for once more. The
   * envelope says who asks. Rejects with NobodyRunsProjection where no process can do it.
   */
  async replayMatching(filter: ParkedFilter, envelope: Envelope): Promise<Replayed[]> {
    const { items } = await this.list(filter, { limit: MAX_REPLAYED });
    const byProjection = Map.groupBy(items, ({ document }) => document.projection);
    const results: Replayed[] = [];
    for (const [name, work] of byProjection) results.push(...(await this.#replay(name, work, envelope)));
    return results;
  }

  /** The same for what is parked under one id. Rejects with ParkedEventNotFound. */
  async replay(id: string, envelope: Envelope): Promise<Replayed> {
    const document = await this.get(id);
    const [replayed] = await this.#replay(document.projection, [{ id, document }], envelope);
    return replayed!;
  }

  /**
   * Leaves the event that failed out, for good and in every rebuild, and lets what waits behind it go on. Recorded as an event with who
   * and why, also where no process that runs the projection is there: then the next one that does sees to it.
   */
  async skip(
    id: string,
    reason: string,
    envelope: Envelope,
  ): Promise<Replayed & Pick<Answer, 'revision' | 'position'>> {
    const document = await this.get(id);
    const { projection, version, key, event, cause } = document;
    const command = SkipEvent.of({
      ...{ projection, version, cause, reason, eventId: event.id, eventType: event.type, position: event.position },
      ...(key !== null && { key }),
    });
    const { revision, position } = await this.#execute(command, { ...envelope, reason });
    const [replayed] = await this.#replay(projection, [{ id, document }], envelope, true);
    return { ...replayed!, revision, position };
  }

  async #replay(
    projection: string,
    work: readonly Stored<ParkedKey>[],
    envelope: Envelope,
    isOrdered = false,
  ): Promise<Replayed[]> {
    try {
      const runner = this.#running()?.runner(projection);
      if (!runner) throw new ProjectionElsewhere(projection);
      const outcomes = await runner.replay(work.map(({ id }) => id));
      return work.map(({ id }) => replayedOf(id, outcomes.get(id)));
    } catch (error) {
      if (!(error instanceof ProjectionElsewhere)) throw error;
      return this.#ask(projection, work, envelope, isOrdered);
    }
  }

  /** Has the process do it that runs the projection, and watches what becomes of the records. */
  async #ask(
    projection: string,
    work: readonly Stored<ParkedKey>[],
    { actor, correlationId, reason }: Envelope,
    isOrdered: boolean,
  ): Promise<Replayed[]> {
    const ids = work.map(({ id }) => id);
    const asking = RequestReplay.of({ projection, ids });
    if (!isOrdered) await this.#execute(asking, { tenant: 'main', actor, correlationId, reason });
    const deadline = performance.now() + PATIENCE_SECONDS * 1_000;
    for (;;) {
      const now = await this.documents.getMany<ParkedKey>(parkedEvents.name, ids);
      const results = work.map(({ id, document }) => outcomeOf(id, document, now.get(id)));
      if (results.every(({ outcome }) => outcome !== 'asked')) return results;
      if (performance.now() > deadline) {
        const isAnswered = isOrdered || results.some(({ outcome }) => outcome !== 'asked');
        if (isAnswered) return results;
        throw new NobodyRunsProjection(projection, PATIENCE_SECONDS);
      }
      await setTimeout(LOOK_EVERY_MS);
    }
  }

  #execute(command: Command, envelope: Envelope): Promise<Answer> {
    return this.commands.execute<Command, Answer>(
      enclose(command, { ...envelope, tenant: 'main', expected: undefined }),
    );
  }

  /** Undefined where all projections are run by other processes. */
  #running(): RunningProjections | undefined {
    try {
      return this.modules.get(RunningProjections, { strict: false });
    } catch {
      return undefined;
    }
  }
}

export function toFilter({ projection, cause, version }: ParkedFilter): Filter {
  return {
    ...(projection !== undefined && { projection }),
    ...(cause !== undefined && { cause }),
    ...(version !== undefined && { codeVersion: version }),
  };
}

function outcomeOf(id: string, before: ParkedKey, now: ParkedKey | undefined): Replayed {
  if (!now) return { id, outcome: 'replayed' };
  const isTried =
    now.triedAt !== before.triedAt || now.attempts !== before.attempts || now.event.id !== before.event.id;
  return isTried ? { id, outcome: 'still-failing', error: now.error.message } : { id, outcome: 'asked' };
}

function replayedOf(id: string, outcome: RunnersOutcome | undefined): Replayed {
  if (!outcome) return { id, outcome: 'not-parked' };
  if (!('error' in outcome)) return { id, outcome: 'replayed' };
  const { error } = outcome;
  return { id, outcome: 'still-failing', error: error instanceof Error ? error.message : String(error) };
}
