import { Command } from '#kernel/command';
import type { JsonObject } from '#kernel/json';
import { Identifier, JsonRecord, Optional, Text } from '#platform/commands/fields';

/** Agrees on what things of this kind look like. Things that exist already are checked at their next change. */
export class DefineNoun extends Command {
  @Identifier() noun: string;
  @Optional(Text({ max: 1_000 })) description?: string;

  /** A JSON Schema (2020-12) that the data of each thing must fit. */
  @Optional(JsonRecord()) schema?: JsonObject;
}

/** Ends what was agreed; things of the kind stay. */
export class UndefineNoun extends Command {
  @Identifier() noun: string;
}
