import type { Json, JsonObject } from '#kernel/json';

/** A dotted path, cut into its segments. */
export type Path = readonly string[];

/** How the array at the end of a path is seen: each of its elements and then the array, or the array alone. */
export type Leaf = 'elements' | 'whole';

/** What is asked of a value; `undefined` is a value that is not there. */
export type Test = (value: Json | undefined) => boolean;

/** The path under which filters, sorts and fields see a document's id. */
export const ID_PATH = '_id';

export function pathOf(dotted: string): Path {
  return dotted.split('.');
}

/**
 * Whether any value that the path leads to passes the test, as MongoDB reads paths: an array on the way is passed through to
 * the objects in it, and a number also names one of its elements. A path that leads nowhere gives `undefined`, once, except
 * in an array without objects.
 */
export function someValue(document: Json, path: Path, leaf: Leaf, test: Test): boolean {
  return inObject(document, path, 0, leaf, test);
}

function inObject(holder: Json, path: Path, from: number, leaf: Leaf, test: Test): boolean {
  let value: Json | undefined = holder;
  for (let i = from; i < path.length; i++) {
    value = childOf(value, path[i]!);
    if (Array.isArray(value)) return inArray(value, path, i + 1, leaf, test);
    if (value === undefined) break;
  }
  return test(value);
}

function inArray(array: Json[], path: Path, from: number, leaf: Leaf, test: Test): boolean {
  if (from === path.length) return (leaf === 'elements' && array.some((element) => test(element))) || test(array);
  return array.some((element, index) => {
    if (isObject(element) && inObject(element, path, from, leaf, test)) return true;
    if (path[from] !== String(index)) return false;
    if (from + 1 === path.length) return test(element);
    if (Array.isArray(element)) return inArray(element, path, from + 1, leaf, test);
    return isObject(element) && inObject(element, path, from + 1, leaf, test);
  });
}

/** A field of an object; of an array that `$elemMatch` sees as an object, the element at that index. */
export function childOf(holder: Json | undefined, segment: string): Json | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  if (Array.isArray(holder)) return INDEX.test(segment) ? holder[Number(segment)] : undefined;
  return Object.hasOwn(holder, segment) ? holder[segment] : undefined;
}

const INDEX = /^(0|[1-9]\d*)$/;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy with only these fields; through an array, of each object in it. Where one path leads into another, the shorter wins. */
export function project(document: JsonObject, paths: readonly Path[]): JsonObject {
  const result: JsonObject = {};
  for (const [segment, rests] of bySegment(paths)) {
    const value = childOf(document, segment);
    const kept = value === undefined || rests.some((rest) => rest.length === 0) ? value : within(value, rests);
    if (kept !== undefined) result[segment] = kept;
  }
  return result;
}

function within(value: Json, paths: readonly Path[]): Json | undefined {
  if (isObject(value)) return project(value, paths);
  if (!Array.isArray(value)) return undefined;
  return value.map((element) => within(element, paths)).filter((element) => element !== undefined);
}

function bySegment(paths: readonly Path[]): Map<string, Path[]> {
  const groups = new Map<string, Path[]>();
  for (const [segment, ...rest] of paths) {
    const group = groups.get(segment!);
    if (group) group.push(rest);
    else groups.set(segment!, [rest]);
  }
  return groups;
}
