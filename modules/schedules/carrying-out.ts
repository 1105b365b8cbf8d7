import type { CommandBus } from '@nestjs/cqrs';
import type { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import { namedCommand } from '#platform/batches/named-command';
import { type Answer, enclose } from '#platform/dispatch/envelope';
import type { ObjectRegistry } from '#platform/dispatch/object-registry';
import type { Objects } from '#platform/dispatch/objects';
import { TerminalJobError } from '#platform/jobs/jobs.errors';
import type { Jobs, RunningJob } from '#platform/jobs/jobs.port';
import { RecordOutcome } from './schedule.commands.js';
import type { Outcome } from './schedule.events.js';
import type { KnownSchedule, Schedule } from './schedule.js';
import { dueTimeOf, isRecurring, jobKey, type ScheduleRef } from './scheduled-job.js';

/** Sends the scheduled command when its job runs: as often as it takes, with one effect. */
export class CarryingOut {
  constructor(
    private readonly commands: CommandBus,
    private readonly registry: ObjectRegistry,
    private readonly objects: Objects,
    private readonly jobs: Jobs,
  ) {}

  /** Rejects with TerminalJobError where no further attempt can mend it. */
  async run(job: RunningJob): Promise<void> {
    const ref = job.payload as unknown as ScheduleRef;
    const schedule = (await this.objects.load(ref.tenant, { type: 'schedule', id: ref.id })).state as Schedule;
    if (schedule.status !== 'open' && schedule.status !== 'failed') {
      // A schedule that was cancelled while its job was on the way to the store would recur for ever.
      await this.jobs.cancel(jobKey(ref));
      return;
    }
    const dueAt = dueTimeOf(job.key, ref, schedule);
    if (isRecurring(schedule) && schedule.last?.dueAt === dueAt && schedule.last.answer) return;
    await this.#record(ref, schedule, await this.#outcome(job, ref, schedule, dueAt));
  }

  async #outcome(job: RunningJob, ref: ScheduleRef, schedule: KnownSchedule, dueAt: string): Promise<Outcome> {
    try {
      const { id, revision, position } = await this.#send(ref, schedule, dueAt);
      return { dueAt, answer: { id, revision, position } };
    } catch (error) {
      const isLast = job.attempt >= job.maxAttempts;
      if (isTemporary(error) && !isLast) throw error;
      await this.#record(ref, schedule, { dueAt, problem: problemOf(error) });
      if (isTemporary(error)) throw error;
      throw new TerminalJobError((error as Error).message, { cause: error });
    }
  }

  /** No client can send a key with a space in it. */
  #send(ref: ScheduleRef, { command, origin }: KnownSchedule, dueAt: string): Promise<Answer> {
    const { actor, correlationId, eventId, reason } = origin;
    const envelope = { tenant: ref.tenant, actor, correlationId, causationId: eventId };
    return this.commands.execute<Command, Answer>(
      enclose(namedCommand(this.registry, command, '/command'), {
        ...envelope,
        reason: command.reason ?? reason,
        idempotencyKey: `schedule ${ref.id} ${dueAt}`,
      }),
    );
  }

  async #record({ tenant, id }: ScheduleRef, { origin }: KnownSchedule, outcome: Outcome): Promise<void> {
    const { correlationId, eventId } = origin;
    await this.commands.execute<Command, Answer>(
      enclose(RecordOutcome.of({ id, ...outcome }), {
        ...{ tenant, actor: { type: 'system', id: 'schedules' }, correlationId, causationId: eventId },
        // Once, although another occurrence may be recorded in between; a problem may be followed by another.
        idempotencyKey: outcome.answer && `schedule ${id} ${outcome.dueAt} recorded`,
      }),
    );
  }
}

/** Whether the same command may be taken later. What was not foreseen may be: a program can be mended. */
function isTemporary(error: unknown): boolean {
  return !(error instanceof DomainError) || error.retryable || error.code === 'request-in-flight';
}

function problemOf(error: unknown): NonNullable<Outcome['problem']> {
  if (!(error instanceof DomainError)) {
    return { code: 'internal-error', detail: 'It failed for a reason that was not foreseen; its job has the error.' };
  }
  const { code, message, violations } = error;
  return { code, detail: message, ...(violations.length > 0 && { errors: violations }) };
}
