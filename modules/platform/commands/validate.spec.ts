import { describe, expect, it } from '@jest/globals';
import { IsEmail, validateSync } from 'class-validator';
import fc from 'fast-check';
import type { InvalidInput } from '#kernel/errors';
import {
  Decimal,
  Flag,
  Id,
  Identifier,
  Integer,
  JsonRecord,
  JsonValue,
  ListOf,
  Nested,
  OneOf,
  Optional,
  Text,
  Timestamp,
} from './fields.js';
import { schemaOf } from './schema-of.js';
import { build, buildFromText } from './validate.js';

class Inner {
  @Integer({ min: 0 }) depth: number;
}

class Everything {
  @Id() id: string;
  @Optional(Identifier()) name?: string;
  @Optional(Text({ min: 2, max: 3 })) text?: string;
  @Optional(Integer({ min: -1, max: 9 })) whole?: number;
  @Optional(Decimal({ max: 1 })) part?: number;
  @Optional(Flag()) flag?: boolean;
  @Optional(JsonValue({ maxDepth: 2 })) value?: unknown;
  @Optional(JsonRecord({ maxDepth: 2 })) record?: object;
  @Optional(Timestamp()) at?: string;
  @Optional(OneOf(['a', 'b'])) choice?: string;
  @Optional(ListOf(Integer(), { min: 1, max: 2 })) list?: number[];
  @Optional(Nested(Inner)) inner?: Inner;
}

const pointersOf = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return (error as InvalidInput).violations.map(({ pointer }) => pointer);
  }
};
const refused = (fields: object) => pointersOf(() => build(Everything, { id: 'x', ...fields }));

describe('build', () => {
  it('makes an instance with the declared fields', () => {
    const built = build(Everything, { id: 'x', whole: 3, inner: { depth: 1 }, value: null });
    expect(built).toBeInstanceOf(Everything);
    expect(built).toEqual({ id: 'x', whole: 3, inner: { depth: 1 }, value: null });
  });

  it.each([
    [{ name: '1a' }, ['/name']],
    [{ text: 'a' }, ['/text']],
    [{ text: '😀😀😀😀' }, ['/text']],
    [{ whole: 1.5 }, ['/whole']],
    [{ whole: '3' }, ['/whole']],
    [{ part: Infinity }, ['/part']],
    [{ flag: 1 }, ['/flag']],
    [{ flag: null }, ['/flag']],
    [{ value: [[[1]]] }, ['/value/0/0']],
    [{ value: { 'a/b~': NaN } }, ['/value/a~1b~0']],
    [{ record: [] }, ['/record']],
    [{ record: JSON.parse('{"a":{"__proto__":1}}') as object }, ['/record/a/__proto__']],
    [{ at: '2026-02-30T00:00:00Z' }, ['/at']],
    [{ at: '2026-02-03' }, ['/at']],
    [{ at: '2026-02-03T24:00:00Z' }, ['/at']],
    [{ choice: 'c' }, ['/choice']],
    [{ list: [] }, ['/list']],
    [{ list: [1, 'x'] }, ['/list/1']],
    [{ inner: { depth: -1, other: 1 } }, ['/inner/depth', '/inner/other']],
    [{ inner: 7 }, ['/inner']],
    [JSON.parse('{"__proto__":{"id":"y"}}') as object, ['/__proto__']],
    [{ constructor: 1, toString: 2 }, ['/constructor', '/toString']],
    [{ id: 'x'.repeat(201), whole: 10 }, ['/id', '/whole']],
  ])('refuses %j', (fields, pointers) => {
    expect(refused(fields)).toEqual(pointers);
  });

  it.each([
    [{ text: '😀😀😀' }],
    [{ at: '2024-02-29T23:59:59.123456789+05:30' }],
    [{ list: [1, 2] }],
    [{ value: [[1]] }],
  ])('accepts %j', (fields) => {
    expect(refused(fields)).toEqual([]);
  });

  it('reads nothing that is inherited', () => {
    expect(pointersOf(() => build(Everything, Object.create({ id: 'x' })))).toEqual(['/id']);
  });

  it('asks class-validator too where its own decorators stand', () => {
    class Letter {
      @Text() @IsEmail() to: string;
    }
    expect(build(Letter, { to: 'a@example.com' })).toEqual({ to: 'a@example.com' });
    expect(pointersOf(() => build(Letter, { to: 'nobody' }))).toEqual(['/to']);
  });

  it('agrees with class-validator about every input', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.integer({ min: -2, max: 10 }),
      fc.constantFrom('a', 'ab', 'abcd'),
    );
    const names = ['id', 'name', 'text', 'whole', 'part', 'flag', 'value', 'record', 'at', 'choice', 'list', 'other'];
    const input = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(input, (plain) => {
        const instance = Object.assign(new Everything(), plain);
        const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
        expect(new Set(pointersOf(() => build(Everything, plain)).map((pointer) => pointer.split('/')[1]))).toEqual(
          new Set(errors.map(({ property }) => property)),
        );
      }),
    );
  });
});

describe('buildFromText', () => {
  it('reads the texts of a query string as the fields spell them', () => {
    const texts = { id: '7', whole: '-1', part: '0.5', flag: 'false', list: ['1', '2'], value: '{"a":1}' };
    expect(buildFromText(Everything, texts, (name) => name)).toEqual({
      ...{ id: '7', whole: -1, part: 0.5, flag: false, list: [1, 2], value: { a: 1 } },
    });
  });

  it('points at what is wrong', () => {
    const texts = { id: ['a', 'b'], whole: '', flag: 'yes', other: '1' };
    const pointers = pointersOf(() => buildFromText(Everything, texts, (name) => `/query/${name}`));
    expect(pointers).toEqual(['/query/id', '/query/whole', '/query/flag', '/query/other']);
  });
});

describe('schemaOf', () => {
  it('says the same as the validation', () => {
    expect(schemaOf(Everything, new Set(['name', 'value', 'record', 'inner', 'part', 'flag']))).toEqual({
      type: 'object',
      required: ['id'],
      additionalProperties: false,
      properties: {
        id: expect.objectContaining({ minLength: 1, maxLength: 200 }),
        text: { type: 'string', minLength: 2, maxLength: 3 },
        whole: { type: 'integer', minimum: -1, maximum: 9 },
        at: expect.objectContaining({ format: 'date-time' }),
        choice: { type: 'string', enum: ['a', 'b'] },
        list: expect.objectContaining({ minItems: 1, maxItems: 2 }),
      },
    });
  });
});
