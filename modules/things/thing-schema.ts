import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Violation } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { linearRegex } from '#platform/read-store/linear-regex';
import { InvalidSchema, InvalidThing } from './thing.errors.js';

/** Compiling costs milliseconds, so it is done once for each schema in memory. */
const compiled = new WeakMap<JsonObject, ValidateFunction>();

/** The validator of a JSON Schema (2020-12). Throws InvalidSchema, also for references outside the schema. */
export function compileSchema(schema: JsonObject): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) compiled.set(schema, (validate = compile(schema)));
  return validate;
}

/** Throws InvalidThing, with a pointer for each breach. */
export function checkSchema(schema: JsonObject | undefined, data: JsonObject): void {
  if (!schema) return;
  const validate = compileSchema(schema);
  if (!validate(data)) throw new InvalidThing((validate.errors ?? []).map(violationOf));
}

function compile(schema: JsonObject): ValidateFunction {
  // One instance a schema: a shared one would refuse the second schema with the same $id.
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false, code: { regExp: linearRegExp } });
  addFormats.default(ajv);
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new InvalidSchema((error as Error).message);
  }
}

/** A user's pattern must not be able to hold the process up. Ajv tells patterns apart by their text. */
function linearRegExp(pattern: string): RegExp {
  const expression = linearRegex(pattern);
  return { test: (text: string) => expression.test(text), toString: () => pattern } as RegExp;
}
linearRegExp.code = 'linearRegExp';

function violationOf({ instancePath, message, params }: ErrorObject): Violation {
  const named = (params as { additionalProperty?: string; allowedValues?: unknown[] }).additionalProperty;
  const allowed = (params as { allowedValues?: unknown[] }).allowedValues;
  const extra = named !== undefined ? `: '${named}'` : allowed ? `: ${JSON.stringify(allowed)}` : '';
  return { pointer: instancePath, detail: `${message ?? 'is not valid'}${extra}` };
}
