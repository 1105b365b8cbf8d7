import { Command } from '#kernel/command';
import type { Violation } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, JsonRecord, ListOf, Nested, Optional, Text, Timestamp } from '#platform/commands/fields';
import { PRINTABLE, PRINTABLE_PATTERN } from '#platform/event-store/stream-name';

const TEN_YEARS = 10 * 366 * 86_400_000;

/** Shorter than other ids: the key of the job has the tenant and a time beside it. */
export const ScheduleId = () => Text({ max: 80, pattern: PRINTABLE, schema: { pattern: PRINTABLE_PATTERN } });

/** The command to carry out. */
export class ScheduledCommand {
  /** Such as ActOnThing. */
  @Identifier() command: string;

  /** What the command takes. */
  @JsonRecord() fields: JsonObject;

  /** Default: that of the request. */
  @Optional(Text({ max: 1_000 })) reason?: string;
}

/** When: one of `at`, `after`, `every` and `cron`. */
export class ScheduleTime {
  /** Once, at this moment; at once where it is past. */
  @Optional(Timestamp()) at?: string;

  /** Once, so many milliseconds after the request. */
  @Optional(Integer({ min: 0, max: TEN_YEARS })) after?: number;

  /** Again and again, so many milliseconds apart. */
  @Optional(Integer({ min: 10, max: TEN_YEARS })) every?: number;

  /** What `every` counts from; default: the request. */
  @Optional(Timestamp()) from?: string;

  /** Again and again: 5 fields, or 6 with seconds first. */
  @Optional(Text({ max: 200 })) cron?: string;

  /** Of `cron`: an IANA name such as Europe/Berlin; default UTC. */
  @Optional(Text({ max: 100 })) timeZone?: string;
}

/** Asks for a command to be carried out later. Without an id it gets a new UUIDv7. */
export class RequestSchedule extends Command {
  @Optional(ScheduleId()) id?: string;
  @Nested(ScheduledCommand) command: ScheduledCommand;
  @Nested(ScheduleTime) time: ScheduleTime;

  /** Times that the command is tried before it is given up, at each of its times; default 10. */
  @Optional(Integer({ min: 1, max: 1_000 })) attempts?: number;

  /** Of what is due, the larger goes first; default 0. */
  @Optional(Integer({ min: 0, max: 1_000 })) priority?: number;
}

/** Ends a schedule; what is being carried out at this moment is not undone. */
export class CancelSchedule extends Command {
  @ScheduleId() id: string;
}

/** Where the object of the scheduled command stood then. */
export class ScheduledAnswer {
  @Text() id: string;
  @Integer({ min: -1 }) revision: number;
  @Text() position: string;
}

class ScheduledViolation {
  @Text({ min: 0 }) pointer: string;
  @Text() detail: string;
}

/** Why the scheduled command was given up. */
export class ScheduledProblem {
  @Text() code: string;
  @Text({ max: 10_000 }) detail: string;
  @Optional(ListOf(Nested(ScheduledViolation), { max: 1_000 })) errors?: readonly Violation[];
}

/** Records what became of the command. Only Perdure itself sends it. */
export class RecordOutcome extends Command {
  @ScheduleId() id: string;
  @Timestamp() dueAt: string;
  @Optional(Nested(ScheduledAnswer)) answer?: ScheduledAnswer;
  @Optional(Nested(ScheduledProblem)) problem?: ScheduledProblem;
}
