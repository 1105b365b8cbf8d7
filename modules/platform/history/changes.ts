import { createPatch, type Operation } from 'rfc6902';
import type { Json } from '#kernel/json';
import { isBranch } from './attribution.js';

/** A field that differs between two states. */
export interface Change {
  readonly path: readonly string[];
  readonly kind: 'added' | 'removed' | 'replaced';
  /** Not there where it was added. */
  readonly before?: Json;
  /** Not there where it was removed. */
  readonly after?: Json;
}

/** The shortest patch of two arrays takes time and memory in proportion to the product of their lengths. */
const MOST_COMPARED = 40_000;

/** The RFC 6902 patch that makes the second of the first. Long arrays are replaced as a whole. */
export function patchOf(before: Json, after: Json): Operation[] {
  return createPatch(before, after, (from: unknown, to: unknown, pointer): Operation[] | void => {
    if (!Array.isArray(from) || !Array.isArray(to) || from.length * to.length <= MOST_COMPARED) return;
    return [...changesOf(from as Json, to as Json)].length === 0
      ? []
      : [{ op: 'replace', path: pointer.toString(), value: to }];
  });
}

/** Where two states differ, as deep down as the two have something in common. Elements of arrays are compared at the same place. */
export function* changesOf(before: Json, after: Json, path: readonly string[] = []): Generator<Change, void> {
  if (!isBranch(before) || !isBranch(after) || Array.isArray(before) !== Array.isArray(after)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) yield { path, kind: 'replaced', before, after };
    return;
  }
  const [from, to] = [before as Record<string, Json>, after as Record<string, Json>];
  for (const [name, value] of Object.entries(from)) {
    if (!Object.hasOwn(to, name)) yield { path: [...path, name], kind: 'removed', before: value };
    else yield* changesOf(value, to[name]!, [...path, name]);
  }
  for (const [name, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, name)) yield { path: [...path, name], kind: 'added', after: value };
  }
}
