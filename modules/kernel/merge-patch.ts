import type { Json, JsonObject } from './json.js';
import { isSealed } from './personal.js';

/**
 * RFC 7396: members replace members, null removes them. Nothing of the target is changed in place. A sealed value is one value: it
 * replaces and is replaced whole.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isObject(value)) result[key] = mergePatch(isObject(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isSealed(value);
}
