import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Json, JsonObject } from '#kernel/json';
import { replaceAt, segmentsOf } from '#kernel/personal';
import { pointerTo } from '#platform/commands/json-fields';
import { hasSealed, keyIdsIn, replaceSealed, sealedPlaces } from './sealed-places.js';
import { newKeyId, open, seal, type SubjectKey } from './sealed-value.js';

const key: SubjectKey = { id: newKeyId(randomBytes), tenant: 'main', subject: 'ada', secret: randomBytes(32) };
const sealing = (value: Json): Json => ({ ...seal(value, key, randomBytes) });

/** Pointers to everything in the value. */
function pointersIn(value: Json, pointer = ''): string[] {
  if (typeof value !== 'object' || value === null) return [pointer];
  return [pointer, ...Object.entries(value).flatMap(([name, part]) => pointersIn(part, pointerTo(pointer, name)))];
}

const document = fc
  .dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 5 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

describe('values sealed within others', () => {
  it('come back whole, wherever they stood', () => {
    fc.assert(
      fc.property(document, fc.infiniteStream(fc.boolean()), (value, chosen) => {
        const pointers = pointersIn(value).filter((pointer) => pointer !== '' && chosen.next().value);
        const sealed = pointers.reduce((part, pointer) => replaceAt(part, segmentsOf(pointer), sealing), value);
        const places = [...sealedPlaces(sealed)].map(({ pointer }) => pointer);
        expect(hasSealed(sealed)).toBe(places.length > 0);
        expect(keyIdsIn(sealed).size).toBe(places.length > 0 ? 1 : 0);
        const found: string[] = [];
        const plain = replaceSealed(sealed, (token, pointer) => {
          found.push(pointer);
          return replaceSealed(open(token, key), (inner) => open(inner, key)) as Json;
        });
        expect(plain).toEqual(value);
        expect(found).toEqual(places);
      }),
    );
  });

  it('are all elements and all members where the pointer says so', () => {
    const value: JsonObject = {
      people: [{ name: 'a', age: 1 }, { name: 'b' }],
      by: { x: { name: 'c' }, y: 'odd', z: null },
    };
    const sealed = ['/people/*/name', '/by/*/name'].reduce<Json>(
      (part, pointer) => replaceAt(part, segmentsOf(pointer), () => '*'),
      value,
    );
    // What is not as expected is hidden, too.
    expect(sealed).toEqual({
      people: [{ name: '*', age: 1 }, { name: '*' }],
      by: { x: { name: '*' }, y: '*', z: null },
    });
    expect(value).toMatchObject({ people: [{ name: 'a' }, { name: 'b' }] });
  });

  it('cost no copy where there are none', () => {
    const value = { a: [{ b: 1 }], bytes: Uint8Array.of(1, 2) };
    expect(replaceSealed(value, () => null)).toBe(value);
    const mixed = { ...value, c: { $sealed: 'no token of ours' } };
    expect(replaceSealed(mixed, () => null)).toEqual(mixed);
  });
});
