import type { JsonObject } from '#kernel/json';
import { Identifier, JsonRecord, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { NounDocument } from '#read-models/nouns';

/** A noun as clients see it. */
export class NounView {
  @Identifier() noun: string;
  /** When it was first heard of. */
  @Timestamp() since: string;
  @Optional(Text()) description?: string;
  @Optional(JsonRecord()) schema?: JsonObject;
}

export function viewOf({ noun, since, description, schema }: NounDocument): NounView {
  return {
    noun,
    since: new Date(since).toISOString(),
    description: description ?? undefined,
    schema: schema ?? undefined,
  };
}
