import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Violation } from '#kernel/errors';
import type { Json, JsonObject } from '#kernel/json';
import { segmentsOf } from '#kernel/personal';
import { TookTooLong, withinTime } from '#platform/commands/time-limit';
import { linearRegex } from '#platform/read-store/linear-regex';
import { isPersonalAt, personalFields } from './personal-schema.js';
import { InvalidSchema, InvalidThing } from './thing.errors.js';

/** Milliseconds that a schema may take to be understood when a noun is defined with it, and data to be checked by it. */
const TIME = { define: 1_000, check: 200 };
/** Schemas that were taken once are compiled again after a start, perhaps on a slower machine. */
const TIME_TO_COMPILE_AGAIN = 5 * TIME.define;

/** What can cost more than the sizes of schema and data say. */
const COSTLY = /"(\$ref|\$dynamicRef|uniqueItems|pattern|patternProperties|format)"/;
/** Characters of a schema without any of that, up to which checking data by it is quick. */
const SMALL = 2_000;

interface Compiled {
  readonly validate: ValidateFunction;
  readonly isQuick: boolean;
}

/** Compiling costs milliseconds, so it is done once for each schema in memory. */
const compiled = new WeakMap<JsonObject, Compiled>();

/** Throws InvalidSchema for what is no JSON Schema (2020-12), refers to something outside itself, or asks for too much work. */
export function assertSchema(schema: JsonObject): void {
  personalFields(schema);
  const { validate } = compile(schema, TIME.define);
  const fault = faultOf(() => withinTime(TIME.check, () => void validate({})));
  if (fault) throw new InvalidSchema(fault);
}

/** Throws InvalidThing, with a pointer for each breach. A personal field may always be null: that is what erasure leaves of it. */
export function checkSchema(schema: JsonObject | undefined, data: JsonObject): void {
  if (!schema) return;
  let known = compiled.get(schema);
  if (!known) compiled.set(schema, (known = compile(schema, TIME_TO_COMPILE_AGAIN)));
  const { validate, isQuick } = known;
  const check = (): void => void validate(data);
  const fault = faultOf(isQuick ? check : () => withinTime(TIME.check, check));
  if (fault) {
    const detail = `The noun's schema cannot check this data. ${fault} Simplify the schema, or the data.`;
    throw new InvalidThing([{ pointer: '', detail }]);
  }
  const personal = personalFields(schema);
  const breaches = validate.errors?.filter(
    ({ instancePath }) => !(isNull(data, instancePath) && isPersonalAt(personal, instancePath)),
  );
  if (breaches?.length) throw new InvalidThing(breaches.map(violationOf));
}

function isNull(data: JsonObject, pointer: string): boolean {
  let part: Json | undefined = data;
  for (const segment of segmentsOf(pointer)) part = (part as JsonObject | null | undefined)?.[segment];
  return part === null;
}

/** Why the work did not come to its end; undefined where it did. */
function faultOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof TookTooLong) return error.message;
    if (error instanceof RangeError) return 'It refers to itself without end.';
    throw error;
  }
}

function compile(schema: JsonObject, milliseconds: number): Compiled {
  // Ajv's own: the validator would answer with a promise, which nobody waits for.
  if ('$async' in schema) throw new InvalidSchema("'$async' is no JSON Schema. Leave it out.");
  const text = JSON.stringify(schema);
  try {
    const ajv = newAjv();
    const validate = withinTime(milliseconds, () => ajv.compile(schema));
    return { validate, isQuick: text.length <= SMALL && !COSTLY.test(text) };
  } catch (error) {
    throw new InvalidSchema(
      error instanceof RangeError ? 'It refers to itself without end.' : (error as Error).message,
    );
  }
}

/** One instance a schema: a shared one would refuse the second schema with the same $id. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false, code: { regExp: linearRegExp } });
  addFormats.default(ajv);
  return ajv;
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
