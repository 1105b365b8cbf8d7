import { describe, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { specification } from '#kernel/specification';
import { DefineNoun, UndefineNoun } from './noun.commands.js';
import { noun } from './noun.js';
import { InvalidSchema, NounNotDefined } from './thing.errors.js';

const given = specification(noun);
const schema = { type: 'object' };
const defined = { type: 'noun.defined' as const, data: { description: undefined, schema } };

describe('a noun', () => {
  it('is defined by a schema, once', () => {
    given()
      .when(DefineNoun.of({ noun: 'Customer', schema }))
      .then(defined);
    given(defined)
      .when(DefineNoun.of({ noun: 'Customer', schema }))
      .thenNothing();
  });

  it.each<[string, JsonObject]>([
    ['refers to itself', { $ref: '#' }],
    ['refers to itself by an anchor', { $dynamicRef: '#here', $defs: { it: { $dynamicAnchor: 'here' } } }],
    [
      'refers to itself in a circle',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    ],
    ['takes for ever to compile', doubled(24)],
    ['answers later', { $async: true }],
  ])('is refused a schema that %s', (_, bad) => {
    given()
      .when(DefineNoun.of({ noun: 'Customer', schema: bad }))
      .thenFails(InvalidSchema);
  });

  it('is refused a schema that cannot be used', () => {
    given()
      .when(DefineNoun.of({ noun: 'Customer', schema: { type: 'strnig' } }))
      .thenFails(InvalidSchema);
    given()
      .when(DefineNoun.of({ noun: 'Customer', schema: { $ref: 'https://example.com/elsewhere.json' } }))
      .thenFails(InvalidSchema);
    given()
      .when(DefineNoun.of({ noun: 'Customer', schema: { pattern: '(?<=a)b' } }))
      .thenFails(InvalidSchema);
  });
  it('is undefined again', () => {
    given(defined)
      .when(UndefineNoun.of({ noun: 'Customer' }))
      .then({ type: 'noun.undefined', data: {} });
    given()
      .when(UndefineNoun.of({ noun: 'Customer' }))
      .thenFails(NounNotDefined);
  });
});

/** Twice the same, in which there is twice the same, and so on. */
function doubled(times: number, schema: JsonObject = {}): JsonObject {
  return times === 0 ? schema : doubled(times - 1, { anyOf: [schema, schema] });
}
