import type { Violation } from '#kernel/errors';
import { field, FieldType, type FieldDecorator, type Schema, type Shape } from './field-type.js';
import { pointerTo } from './json-fields.js';
import { schemaReference } from './schema-of.js';
import { checkerOf } from './validate.js';

class ListType extends FieldType {
  readonly schema: Schema;
  readonly shape: Shape;
  protected readonly expected: string;

  constructor(
    private readonly item: FieldType,
    private readonly min: number,
    private readonly max: number,
  ) {
    super();
    this.shape = { kind: 'list', item };
    this.schema = { type: 'array', items: item.schema, minItems: min, maxItems: max };
    this.expected = `a list of ${min} to ${max} items`;
  }

  accepts(value: unknown): boolean {
    return this.#isList(value) && value.every((item) => this.item.accepts(item));
  }

  override violations(value: unknown, pointer: string): Violation[] {
    if (!this.#isList(value)) return super.violations(value, pointer);
    return value.flatMap((item, index) =>
      this.item.accepts(item) ? [] : this.item.violations(item, pointerTo(pointer, index)),
    );
  }

  /** A query string lists by repeating the name: `tag=a&tag=b`; once is a list of one. */
  override fromText(text: string | string[]): unknown {
    return (Array.isArray(text) ? text : [text]).map((item) => this.item.fromText(item));
  }

  #isList(value: unknown): value is unknown[] {
    return Array.isArray(value) && value.length >= this.min && value.length <= this.max;
  }
}

export interface ListLimits {
  /** Fewest items; default 0. */
  readonly min?: number;
  /** Most items. */
  readonly max: number;
}

/** A list whose items all follow one rule: `@ListOf(Text({ max: 50 }), { max: 10 }) tags: string[]`. */
export const ListOf = (item: FieldDecorator, { min = 0, max }: ListLimits): FieldDecorator =>
  field(new ListType(item.type, min, max));

class NestedType extends FieldType {
  readonly schema: Schema;
  readonly shape: Shape;
  protected readonly expected = 'a JSON object';

  constructor(private readonly nested: new () => object) {
    super();
    this.schema = schemaReference(nested);
    this.shape = { kind: 'object', type: nested };
  }

  accepts(value: unknown): boolean {
    return checkerOf(this.nested).accepts(value);
  }

  override violations(value: unknown, pointer: string): Violation[] {
    return checkerOf(this.nested).violations(value, (name) => pointerTo(pointer, name), pointer);
  }
}

/** An object with fields of its own, declared by a class. It stays a plain object: no constructor runs. */
export const Nested = (nested: new () => object): FieldDecorator => field(new NestedType(nested));
