import type { DomainEvent } from '#kernel/event';
import type { Json } from '#kernel/json';
import { isSealed, type Sealed } from '#kernel/personal';
import { pointerTo } from '#platform/commands/json-fields';
import { SealedInput } from './erasure.errors.js';
import { keyIdOf } from './sealed-value.js';

/** A part of a value, with the JSON pointer to it. */
interface Place {
  readonly pointer: string;
  readonly sealed: Sealed;
}

/** Where the value has sealed values in it, or objects that look like it. */
export function* sealedPlaces(value: unknown, pointer = ''): Generator<Place> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (isSealed(value)) yield { pointer, sealed: value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* sealedPlaces(item, `${pointer}/${index}`);
  } else {
    for (const [key, member] of Object.entries(value)) yield* sealedPlaces(member, pointerTo(pointer, key));
  }
}

/** Whether anything in the value is sealed, or looks like it. Quick: it runs for every command. */
export function hasSealed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (isSealed(value)) return true;
  if (Array.isArray(value)) return value.some(hasSealed);
  for (const key of Object.keys(value)) if (hasSealed((value as Record<string, unknown>)[key])) return true;
  return false;
}

/**
 * What a decision leads to has nothing sealed in it: who could have a token stored, or decided on, would be shown what it hides.
 * Throws SealedInput.
 */
export function refuseSealed({ data }: DomainEvent): void {
  if (hasSealed(data)) throw new SealedInput([...sealedPlaces(data)].map(({ pointer }) => pointer));
}

/** The ids of the keys that the value's sealed parts need. */
export function keyIdsIn(value: unknown): Set<string> {
  const ids = new Set<string>();
  for (const { sealed } of sealedPlaces(value)) {
    const id = keyIdOf(sealed);
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

/**
 * The value with `by` in the place of each token; what only looks like one stays. Nothing is changed in place, and the same object
 * comes back where nothing is sealed.
 */
export function replaceSealed(value: unknown, by: (sealed: Sealed, pointer: string) => Json, pointer = ''): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isSealed(value)) return keyIdOf(value) === undefined ? value : by(value, pointer);
  if (!hasSealed(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => replaceSealed(item, by, `${pointer}/${index}`));
  const members = Object.entries(value).map(([key, member]) => [
    key,
    replaceSealed(member, by, pointerTo(pointer, key)),
  ]);
  return Object.fromEntries(members) as object;
}
