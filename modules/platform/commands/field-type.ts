import { registerDecorator, type ValidationArguments } from 'class-validator';
import type { Violation } from '#kernel/errors';

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 has it. */
export type Schema = { readonly [keyword: string]: unknown };

/** What kind of value a field has, for type systems that know kinds but few limits. */
export type Shape =
  | { readonly kind: 'id' | 'text' | 'decimal' | 'flag' | 'moment' | 'json' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly values: readonly string[]; readonly name?: string }
  | { readonly kind: 'list'; readonly item: FieldType }
  | { readonly kind: 'object'; readonly type: new () => object };

/** What a field may hold, stated once: validation and every published schema follow from it. */
export abstract class FieldType {
  /** Whether the field may be left out. */
  readonly optional: boolean = false;

  abstract readonly schema: Schema;

  abstract readonly shape: Shape;

  /** What the value must be, in words: completes "Must be …". */
  get meaning(): string {
    return this.expected;
  }

  /** Whether the value is right. Runs for every request, so it must be quick; what is wrong comes from `violations`. */
  abstract accepts(value: unknown): boolean;

  /** What is wrong with a value that is not accepted: at least one entry. */
  violations(_value: unknown, pointer: string): Violation[] {
    return [{ pointer, detail: `Must be ${this.expected}.` }];
  }

  /** Completes "Must be …". */
  protected abstract readonly expected: string;

  /** The value that this text of a path or query string spells. A text that spells none comes back as it is. */
  fromText(text: string): unknown {
    return text;
  }
}

/** A property decorator that knows its type, so that `Optional` and `ListOf` can take it as an argument. */
export type FieldDecorator = PropertyDecorator & { readonly type: FieldType };

/**
 * Makes the decorator of a field. It is a class-validator constraint: class-validator's metadata stays the one list of
 * a class's fields, and its `validateSync` comes to the same verdict as `build`.
 */
export function field(type: FieldType): FieldDecorator {
  const decorate: PropertyDecorator = (prototype, name) =>
    registerDecorator({
      name: 'field',
      target: prototype.constructor,
      propertyName: name as string,
      constraints: [type],
      validator: {
        validate: (value: unknown) => (value === undefined ? type.optional : type.accepts(value)),
        defaultMessage: (given?: ValidationArguments) =>
          type.violations(given?.value, given?.property ?? '')[0]!.detail,
      },
    });
  return Object.assign(decorate, { type });
}

class OptionalType extends FieldType {
  override readonly optional = true;
  readonly schema: Schema;
  readonly shape: Shape;
  protected readonly expected: string;

  constructor(private readonly inner: FieldType) {
    super();
    this.schema = inner.schema;
    this.shape = inner.shape;
    this.expected = inner.meaning;
  }

  accepts(value: unknown): boolean {
    return this.inner.accepts(value);
  }

  override violations(value: unknown, pointer: string): Violation[] {
    if (value !== null) return this.inner.violations(value, pointer);
    return this.inner.violations(value, pointer).map((violation) => ({
      ...violation,
      detail: `${violation.detail} Leave it out to give none.`,
    }));
  }

  override fromText(text: string): unknown {
    return this.inner.fromText(text);
  }
}

/** The field may be left out. `null` is a value and follows the inner type's rule. */
export const Optional = (inner: FieldDecorator): FieldDecorator => field(new OptionalType(inner.type));
