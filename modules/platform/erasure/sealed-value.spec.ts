import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Json } from '#kernel/json';
import { keyedDigest, keyIdOf, keyIdOfDigest, newKeyId, open, seal, type SubjectKey } from './sealed-value.js';

const key = (given: Partial<SubjectKey> = {}): SubjectKey => ({
  ...{ id: newKeyId(randomBytes), tenant: 'main', subject: 'ada', secret: randomBytes(32) },
  ...given,
});
const ada = key();

describe('a sealed value', () => {
  it('opens to what was sealed, whatever JSON that was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sealed = seal(value as Json, ada, randomBytes);
        expect(keyIdOf(sealed)).toBe(ada.id);
        expect(open(sealed, ada)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is another one each time', () => {
    expect(seal('a', ada, randomBytes)).not.toEqual(seal('a', ada, randomBytes));
  });

  it('does not open for another subject, tenant or key', () => {
    const sealed = seal('a', ada, randomBytes);
    for (const other of [{ subject: 'eve' }, { tenant: 'other' }, { secret: randomBytes(32) }]) {
      expect(() => open(sealed, { ...ada, ...other })).toThrow();
    }
  });

  it('does not open once anything of it was changed', () => {
    const { $sealed } = seal({ email: 'ada@example.org' }, ada, randomBytes);
    const start = `v1.${ada.id}.`.length;
    fc.assert(
      fc.property(fc.integer({ min: start, max: $sealed.length - 2 }), (at) => {
        const changed = $sealed[at] === '.' ? 'A' : $sealed[at] === 'A' ? 'B' : 'A';
        const forged = { $sealed: $sealed.slice(0, at) + changed + $sealed.slice(at + 1) };
        expect(() => open(forged, ada)).toThrow();
      }),
    );
  });

  it('is told from what only looks like it', () => {
    for (const text of ['', 'v1', `v2.${ada.id}.aaaaaaaaaaaaaaaa.${'a'.repeat(30)}`, 'v1.a.b.c']) {
      expect(keyIdOf({ $sealed: text })).toBeUndefined();
    }
    expect(keyIdOf({ $sealed: 1 as unknown as string })).toBeUndefined();
  });
});

describe('the digest of a command with personal data', () => {
  it('depends on the key, and names it', () => {
    expect(keyIdOfDigest(keyedDigest('digest', ada))).toBe(ada.id);
    expect(keyedDigest('digest', ada)).toBe(keyedDigest('digest', ada));
    expect(keyedDigest('digest', ada)).not.toBe(keyedDigest('digest', key({ id: ada.id })));
    expect(keyIdOfDigest('Zm9v')).toBeUndefined();
  });
});
