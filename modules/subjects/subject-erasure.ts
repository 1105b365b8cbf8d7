import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Clock } from '#kernel/clock';
import type { Position } from '#kernel/event';
import { CLOCK } from '#platform/dispatch/dispatcher';
import { type Answer, enclose, type Envelope } from '#platform/dispatch/envelope';
import { Objects } from '#platform/dispatch/objects';
import { SubjectKeys } from '#platform/erasure/subject-keys';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { erasedPlaces } from './erased-places.js';
import { RecordErasure } from './subject.commands.js';
import { SubjectNotFound } from './subject.errors.js';
import type { Erasure, Subject } from './subject.js';
import { countThingsOf } from './subject-things.js';

/** What is known of a subject. */
export interface KnownSubject {
  readonly id: string;
  /** `active`: personal data of it can be read; also where some was erased before. */
  readonly status: 'active' | 'erased';
  /** How many name it, as of moments ago. */
  readonly things: number;
  readonly erasures: readonly Erasure[];
}

/** A subject after its erasure. */
export interface ErasedSubject extends KnownSubject {
  /** Of its last erasure among the events. */
  readonly position: Position;
}

/** Erases subjects: destroys their keys, then records it. */
@Injectable()
export class SubjectErasure {
  constructor(
    private readonly keys: SubjectKeys,
    private readonly objects: Objects,
    private readonly commands: CommandBus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  /**
   * When it resolves, nobody can read the subject's values any more, and the fact is an event. Asked again it does what is left to
   * do: an erasure that was cut short between the two is recorded then. Rejects with SubjectNotFound, and with KeysLost where its
   * keys may come back from a backup.
   */
  async erase(id: string, { tenant, actor, reason, correlationId, traceparent }: Envelope): Promise<ErasedSubject> {
    const { keyIds } = await this.keys.destroy(tenant, id, this.clock.now());
    // Keys that come back from a backup would open the values again.
    if (keyIds.length === 0) await this.#refuseLost();
    const known = new Set((await this.#erasures(tenant, id)).flatMap((erasure) => erasure.keyIds));
    const all = [...new Set([...keyIds, ...known])];
    if (all.length === 0) throw new SubjectNotFound(id);
    const unrecorded = all.filter((keyId) => !known.has(keyId));
    const things = await countThingsOf(this.store, tenant, id);
    const { remains, knownAfter } = this.keys;
    const where = erasedPlaces({ keys: unrecorded.length, things, remains, knownAfter });
    // Also where nothing is left to record: it answers where that stands.
    const command = RecordErasure.of({
      subjectId: id,
      keyIds: unrecorded.length > 0 ? unrecorded : all,
      actor,
      reason,
      where,
    });
    const envelope = { tenant, actor: { type: 'system', id: 'erasure' }, reason, correlationId, traceparent };
    const { position } = await this.commands.execute<RecordErasure, Answer>(enclose(command, envelope));
    return { ...(await this.find(tenant, id)), position };
  }

  /** Rejects with SubjectNotFound where nothing was ever sealed for it, and with KeysLost where nobody can tell. */
  async find(tenant: string, id: string): Promise<KnownSubject> {
    const [keys, erasures] = await Promise.all([this.keys.of(tenant, id), this.#erasures(tenant, id)]);
    if (keys.length === 0) await this.#refuseLost();
    if (keys.length === 0 && erasures.length === 0) throw new SubjectNotFound(id);
    const isReadable = keys.some(({ document }) => document.wrapped !== null);
    const things = await countThingsOf(this.store, tenant, id);
    return { id, status: isReadable ? 'active' : 'erased', things, erasures };
  }

  async #refuseLost(): Promise<void> {
    const loss = await this.keys.lost();
    if (loss) throw loss;
  }

  async #erasures(tenant: string, id: string): Promise<readonly Erasure[]> {
    const subject = (await this.objects.load(tenant, { type: 'subject', id })).state as Subject;
    return subject.status === 'absent' ? [] : subject.erasures;
  }
}
