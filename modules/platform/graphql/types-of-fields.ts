import {
  ArgsType,
  Field,
  Float,
  ID,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
  type ReturnTypeFuncValue,
} from '@nestjs/graphql';
import type { FieldType, Shape } from '#platform/commands/field-type';
import { fieldsOf } from '#platform/commands/field-list';
import { DateTime, JsonScalar, SafeInt } from './scalars.js';

type Class = new () => object;

/** What a class stands for in the schema. Input and output may both follow from one class. */
type Role = 'input' | 'output' | 'arguments';

/** What fields are for, by name, where that cannot be guessed. */
export type Meanings = Readonly<Record<string, string>>;

const MAX_INT = 2 ** 31 - 1;
const GRAPHQL_NAME = /^(?!__)[_A-Za-z][_0-9A-Za-z]*$/;

const registered: Record<Role, Set<Class>> = { input: new Set(), output: new Set(), arguments: new Set() };
const withFields = new Set<Class>();
const enums = new Map<string | readonly string[], { readonly type: object; readonly values: readonly string[] }>();

/** The input type `<Class>Input` that follows from the class's decorated fields. */
export function inputTypeOf(type: Class): Class {
  return register(type, 'input', () => InputType(`${type.name}Input`)(type));
}

/** The object type that follows from the class's decorated fields, named as the class or as said. */
export function objectTypeOf<C extends Class>(type: C, name = type.name, description?: string, meanings?: Meanings): C {
  return register(type, 'output', () => ObjectType(name, { description })(type), meanings) as C;
}

/** The class's decorated fields as arguments of a field. */
export function argumentsOf(type: Class, meanings?: Meanings): Class {
  return register(type, 'arguments', () => ArgsType()(type), meanings);
}

function register(type: Class, role: Role, declare: () => void, meanings: Meanings = {}): Class {
  if (registered[role].has(type)) return type;
  registered[role].add(type);
  declare();
  for (const [name, field] of fieldsOf(type)) {
    // What is nested has the role of what it is in.
    nestedIn(field).forEach(role === 'output' ? (nested) => objectTypeOf(nested) : inputTypeOf);
    if (!withFields.has(type)) declareField(type, name, field, meanings[name]);
  }
  withFields.add(type);
  return type;
}

function declareField(type: Class, name: string, field: FieldType, meaning?: string): void {
  const graphqlType = typeOf(field, type.name, name);
  const limits = `${field.meaning.charAt(0).toUpperCase()}${field.meaning.slice(1)}.`;
  const description = meaning === undefined ? limits : `${meaning} ${limits}`;
  Field(() => graphqlType as ReturnTypeFuncValue, {
    // GraphQL's names have no $.
    name: name.replace(/^\$/, ''),
    // Where any JSON is taken, null is a value.
    nullable: field.optional || (field.shape.kind === 'json' && field.accepts(null)),
    description,
  })(type.prototype as object, name);
}

function nestedIn({ shape }: FieldType): Class[] {
  if (shape.kind === 'list') return nestedIn(shape.item);
  return shape.kind === 'object' ? [shape.type] : [];
}

function typeOf({ shape }: FieldType, owner: string, name: string): unknown {
  switch (shape.kind) {
    case 'id':
      return ID;
    case 'text':
      return String;
    case 'integer':
      return shape.min >= -MAX_INT && shape.max <= MAX_INT ? Int : SafeInt;
    case 'decimal':
      return Float;
    case 'flag':
      return Boolean;
    case 'moment':
      return DateTime;
    case 'json':
      return JsonScalar;
    case 'choice':
      return enumOf(shape, owner, name);
    case 'list':
      return [typeOf(shape.item, owner, name)];
    case 'object':
      return shape.type;
  }
}

/** An enum of the choice's name, or of the first field that has it. Values that are no names of GraphQL's make it a text. */
function enumOf({ values, name }: Extract<Shape, { kind: 'choice' }>, owner: string, field: string): unknown {
  if (!values.every((value) => GRAPHQL_NAME.test(value))) return String;
  const known = enums.get(name ?? values);
  if (known?.values.join() === values.join()) return known.type;
  if (known) throw new Error(`Two choices are named ${name} and have other values: rename one.`);
  const type = Object.fromEntries(values.map((value) => [value, value]));
  const of = owner.replace(/(View|Arguments|Parameters)$/, '');
  registerEnumType(type, { name: name ?? `${of}${field.charAt(0).toUpperCase()}${field.slice(1)}` });
  enums.set(name ?? values, { type, values });
  return type;
}
