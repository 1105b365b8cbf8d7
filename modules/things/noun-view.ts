import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, JsonRecord, Optional, Text } from '#platform/commands/fields';
import type { NounDocument } from '#read-models/nouns';

/** A noun as clients see it. */
export class NounView {
  @Identifier() noun: string;
  @Integer() since: number;
  @Optional(Text()) description?: string;
  @Optional(JsonRecord()) schema?: JsonObject;
}

export function viewOf({ noun, since, description, schema }: NounDocument): NounView {
  return { noun, since, description: description ?? undefined, schema: schema ?? undefined };
}
