import { describe, it } from '@jest/globals';
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
