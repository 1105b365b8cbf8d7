import type { PipeTransform } from '@nestjs/common';
import { Args } from '@nestjs/graphql';
import { fieldsOf } from '#platform/commands/field-list';
import type { FieldType } from '#platform/commands/field-type';
import { build } from '#platform/commands/validate';
import { argumentsOf, type Meanings } from './types-of-fields.js';

type Class = new () => object;

/** The arguments of a field, in a class with decorated fields: its limits are checked as those of a REST query are. */
export const Arguments =
  (meanings?: Meanings): ParameterDecorator =>
  (prototype, method, index) => {
    const types = Reflect.getMetadata('design:paramtypes', prototype, method!) as Class[];
    argumentsIn(types[index]!, meanings)(prototype, method, index);
  };

/** The same, where the class is not the parameter's type. */
export function argumentsIn(type: Class, meanings?: Meanings): ParameterDecorator {
  argumentsOf(type, meanings);
  return Args({ type: () => type }, new Building(type));
}

class Building implements PipeTransform {
  readonly #fields: ReadonlyMap<string, FieldType>;

  constructor(private readonly type: Class) {
    this.#fields = fieldsOf(type);
  }

  /** The field may have other arguments beside those of the class. */
  transform(given: object): object {
    const own = Object.entries(given).filter(([name]) => this.#fields.has(name));
    return build(this.type, plainInput(Object.fromEntries(own), this.#fields));
  }
}

/**
 * What a client gave, as JSON has it: literals of a document come without a prototype, and null for an optional field is the usual
 * way to leave it out, as a variable that has no value.
 */
export function plainInput(given: object, fields: ReadonlyMap<string, FieldType>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const field = fields.get(name);
    if (value === undefined || (value === null && field?.optional && field.shape.kind !== 'json')) continue;
    plain[name] = plainValue(value, field);
  }
  return plain;
}

function plainValue(value: unknown, field: FieldType | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const shape = field?.shape;
  if (shape?.kind === 'list' && Array.isArray(value)) return value.map((item) => plainValue(item, shape.item));
  if (shape?.kind === 'object') return plainInput(value, fieldsOf(shape.type));
  return JSON.parse(JSON.stringify(value));
}
