import {
  Flag,
  Identifier,
  Integer,
  JsonRecord,
  ListOf,
  Nested,
  Optional,
  Text,
  Timestamp,
} from '#platform/commands/fields';
import type { JsonObject } from '#kernel/json';

/** Most commands in one batch. */
export const MAX_BATCH_COMMANDS = 1_000;

/** A command by its name, with what else would stand in the headers of a request. */
export class BatchedCommand {
  /** Such as ActOnThing. */
  @Identifier() command: string;

  /** The same key again gives the same answer and no event. */
  @Optional(Text({ max: 255, pattern: /^[\x21-\x7e]+$/ })) idempotencyKey?: string;

  /** When it happened, where that is not now. */
  @Optional(Timestamp()) occurredAt?: string;

  @Optional(Text({ max: 1_000 })) reason?: string;

  /** What the command takes. */
  @JsonRecord() fields: JsonObject;
}

export class Batch {
  @ListOf(Nested(BatchedCommand), { min: 1, max: MAX_BATCH_COMMANDS }) commands: BatchedCommand[];
}

/** What became of one command: where its object stands now, or the problem it was refused with. */
export class BatchResult {
  @Integer({ min: 200, max: 599 }) status: number;
  @Optional(Text()) id?: string;
  @Optional(Integer({ min: -1 })) revision?: number;
  @Optional(Text()) position?: string;
  @Optional(Flag()) replayed?: true;
  @Optional(JsonRecord()) problem?: JsonObject;
}

export class BatchResults {
  @ListOf(Nested(BatchResult), { max: MAX_BATCH_COMMANDS }) results: BatchResult[];
}
