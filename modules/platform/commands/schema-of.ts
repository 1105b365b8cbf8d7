import { fieldsOf } from './field-list.js';
import type { Schema } from './field-type.js';

const named = new Map<string, new () => object>();

/** The JSON Schema of a class with decorated fields. `without` leaves fields out that come in another way. */
export function schemaOf(type: new () => object, without: ReadonlySet<string> = new Set()): Schema {
  const fields = [...fieldsOf(type)].filter(([name]) => !without.has(name));
  const required = fields.filter(([, field]) => !field.optional).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, field.schema])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** A reference to the class's schema among the document's components. Throws where two classes have one name. */
export function schemaReference(type: new () => object): Schema {
  const other = named.get(type.name);
  if (other && other !== type) throw new Error(`Two classes of the API are named ${type.name}. Rename one of them.`);
  named.set(type.name, type);
  return { $ref: `#/components/schemas/${type.name}` };
}

/** The schemas that references point at, by name. */
export function namedSchemas(): Record<string, Schema> {
  return Object.fromEntries([...named].map(([name, type]) => [name, schemaOf(type)]));
}
