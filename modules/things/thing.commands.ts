import { Command } from '#kernel/command';
import type { JsonObject } from '#kernel/json';
import { PRINTABLE, PRINTABLE_PATTERN } from '#platform/event-store/stream-name';
import { Flag, Id, Identifier, JsonRecord, Optional, Text } from '#platform/commands/fields';
import { ownDataSchema, thingBodySchema } from './thing-data-schema.js';

/** What every command to a thing has: which kind, and which one. */
abstract class ThingTarget extends Command {
  @Identifier() noun: string;
  @Id() id: string;
}

/** Makes a thing; without an id it gets a new UUIDv7. */
export class CreateThing extends Command {
  @Identifier() noun: string;
  @Optional(Id()) id?: string;
  @JsonRecord({ schema: thingBodySchema }) data: JsonObject;
}

/** Records that something was done: the event `<noun>.<verb>`. */
export class ActOnThing extends ThingTarget {
  @Text({ max: 100, pattern: PRINTABLE, schema: { pattern: PRINTABLE_PATTERN } }) verb: string;

  /** What belongs to the event. */
  @Optional(JsonRecord()) data?: JsonObject;

  /** What changes in the thing: a merge patch (RFC 7396). */
  @Optional(JsonRecord({ schema: ownDataSchema })) set?: JsonObject;

  /** Whether the thing begins with this where it does not exist. */
  @Optional(Flag()) create?: boolean;
}

/** Changes a thing by a merge patch (RFC 7396): null removes a member. */
export class UpdateThing extends ThingTarget {
  @JsonRecord({ schema: thingBodySchema }) patch: JsonObject;
}

/** Gives a thing all new data. */
export class ReplaceThing extends ThingTarget {
  @JsonRecord({ schema: thingBodySchema }) data: JsonObject;
}

/** Hides the thing from lists; it can be restored. */
export class SoftDeleteThing extends ThingTarget {}

export class RestoreThing extends ThingTarget {}

/** Ends the thing. Its history stays; its id may be used again. */
export class DeleteThing extends ThingTarget {}

abstract class RelationTarget extends ThingTarget {
  @Identifier() relationship: string;
  @Identifier() toNoun: string;
  @Id() toId: string;
}

export class RelateThing extends RelationTarget {
  /** What belongs to the relation. */
  @Optional(JsonRecord()) data?: JsonObject;
}

export class UnrelateThing extends RelationTarget {}

export type ThingCommand = CreateThing | ThingTarget;
