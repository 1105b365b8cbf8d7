import {
  MAX_ID_LENGTH,
  MAX_NAME_LENGTH,
  PRINTABLE_PATTERN,
  isIdentifier,
  isObjectId,
} from '#platform/event-store/stream-name';
import { field, FieldType, type FieldDecorator, type Schema, type Shape } from './field-type.js';
import { isTimestamp } from './timestamp.js';

export { Optional, type FieldDecorator, type Schema } from './field-type.js';
export { JsonRecord, JsonValue } from './json-fields.js';
export { ListOf, Nested } from './composed-fields.js';

class Scalar extends FieldType {
  constructor(
    readonly shape: Shape,
    readonly schema: Schema,
    protected readonly expected: string,
    readonly accepts: (value: unknown) => boolean,
    private readonly spelled: (text: string) => unknown = (text) => text,
  ) {
    super();
  }

  override fromText(text: string): unknown {
    return this.spelled(text);
  }
}

const scalar = (...definition: ConstructorParameters<typeof Scalar>): FieldDecorator =>
  field(new Scalar(...definition));

const numeral = (text: string): unknown => (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text);

/** The id of an object: 1 to 200 printable characters. */
export const Id = (): FieldDecorator =>
  scalar(
    { kind: 'id' },
    { type: 'string', minLength: 1, maxLength: MAX_ID_LENGTH, pattern: PRINTABLE_PATTERN },
    `an id: 1 to ${MAX_ID_LENGTH} printable characters`,
    isObjectId,
  );

/** A name in code-like form: a noun, a verb, a type. */
export const Identifier = (): FieldDecorator =>
  scalar(
    { kind: 'text' },
    { type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH, pattern: '^[A-Za-z][A-Za-z0-9_]*$' },
    `a name: a letter, then letters, digits or '_', at most ${MAX_NAME_LENGTH} in all`,
    (value) => typeof value === 'string' && isIdentifier(value),
  );

export interface TextLimits {
  /** Fewest characters; default 1. */
  readonly min?: number;
  /** Most characters (Unicode code points); default 1,000. */
  readonly max?: number;
  /** What the text must look like as a whole; anchor it with `^` and `$`. */
  readonly pattern?: RegExp;
  /** What else JSON Schema can say of it, for documentation: who reads it checks it. */
  readonly schema?: Schema;
}

/** A string. */
export function Text({ min = 1, max = 1_000, pattern, schema }: TextLimits = {}): FieldDecorator {
  const form = pattern ? ` that matches ${pattern.source}` : '';
  return scalar(
    { kind: 'text' },
    { type: 'string', minLength: min, maxLength: max, ...(pattern && { pattern: pattern.source }), ...schema },
    `text of ${min} to ${max} characters${form}`,
    (value) => typeof value === 'string' && lengthWithin(value, min, max) && (!pattern || pattern.test(value)),
  );
}

/** JSON Schema counts code points. UTF-16 units are at least as many and at most twice as many. */
function lengthWithin(text: string, min: number, max: number): boolean {
  if (text.length < min || text.length > 2 * max) return false;
  if (text.length <= max && text.length >= 2 * min) return true;
  const { length } = [...text];
  return length >= min && length <= max;
}

export interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

function range({ min, max }: NumberLimits): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

/** A whole number that JSON carries exactly (±2^53 − 1). */
export function Integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: NumberLimits = {}) {
  return scalar(
    { kind: 'integer', min, max },
    { type: 'integer', minimum: min, maximum: max },
    `a whole number${range({ min, max })}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    numeral,
  );
}

/** A finite number. */
export function Decimal(limits: NumberLimits = {}): FieldDecorator {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = limits;
  const { min: minimum, max: maximum } = limits;
  return scalar(
    { kind: 'decimal' },
    { type: 'number', ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) },
    `a number${range(limits)}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
    numeral,
  );
}

/** True or false. */
export const Flag = (): FieldDecorator =>
  scalar(
    { kind: 'flag' },
    { type: 'boolean' },
    'true or false',
    (value) => typeof value === 'boolean',
    (text) => (text === 'true' ? true : text === 'false' ? false : text),
  );

/** A moment, ISO 8601 with an offset from UTC (RFC 3339). It stays the text that was given. */
export const Timestamp = (): FieldDecorator =>
  scalar(
    { kind: 'moment' },
    { type: 'string', format: 'date-time', examples: ['2026-01-31T09:30:00Z'] },
    'a moment with its offset from UTC, such as 2026-01-31T09:30:00Z',
    isTimestamp,
  );

/** One of these strings. With a name, type systems know the choice by it wherever it is made. */
export function OneOf(values: readonly string[], name?: string): FieldDecorator {
  const allowed = new Set<unknown>(values);
  return scalar(
    { kind: 'choice', values, name },
    { type: 'string', enum: [...values] },
    `one of: ${values.join(', ')}`,
    (value) => allowed.has(value),
  );
}
