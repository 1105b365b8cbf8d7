import type { JsonObject } from '#kernel/json';
import { objectType } from '#kernel/object-type';
import { DefineNoun, UndefineNoun } from './noun.commands.js';
import type { NounEvent } from './noun.events.js';
import { NounNotDefined } from './thing.errors.js';
import { assertSchema } from './thing-schema.js';

/** What is agreed about a kind of thing. Nouns need none of it: `absent` means that anything goes. */
export type Noun =
  { status: 'absent' } | { status: 'defined'; readonly description?: string; readonly schema?: JsonObject };

function evolve(_noun: Noun, event: NounEvent): Noun {
  switch (event.type) {
    case 'noun.defined':
      return { status: 'defined', ...event.data };
    case 'noun.undefined':
      return { status: 'absent' };
  }
}

export function define(noun: Noun, { description, schema }: DefineNoun): NounEvent[] {
  if (schema) assertSchema(schema);
  const same =
    noun.status === 'defined' &&
    noun.description === description &&
    JSON.stringify(noun.schema) === JSON.stringify(schema);
  return same ? [] : [{ type: 'noun.defined', data: { description, schema } }];
}

export function undefine(noun: Noun, command: UndefineNoun): NounEvent[] {
  if (noun.status === 'absent') throw new NounNotDefined(command.noun);
  return [{ type: 'noun.undefined', data: {} }];
}

export const noun = objectType<Noun, NounEvent>('noun', { status: 'absent' }, evolve)
  .addressedBy((command: DefineNoun | UndefineNoun) => ({ type: 'noun', id: command.noun }))
  .on(DefineNoun, define)
  .on(UndefineNoun, undefine);
