import { describe, expect, it } from '@jest/globals';
import { comparePositions } from './event.js';
import { eventIdOf, isUuid, systemIds, uuidv7, uuidv8 } from './ids.js';
import { mergePatch } from './merge-patch.js';

const zeros = new Uint8Array(16);

describe('ids', () => {
  it('are UUIDs of version 7 with the time in front (RFC 9562, A.6)', () => {
    const random = Uint8Array.from(Buffer.from('000000000000'.concat('0cc3', '18c4dc0c0c07398f'), 'hex'));
    expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });
  it('grow with time and differ within it', () => {
    const ids = Array.from({ length: 5_000 }, () => systemIds.next());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(isUuid)).toBe(true);
    const times = ids.map((id) => id.slice(0, 13));
    expect(times).toEqual([...times].sort());
  });
  it('can be made of bytes of ours', () => {
    expect(uuidv8(zeros)).toBe('00000000-0000-8000-8000-000000000000');
  });
});

describe('ids of events', () => {
  const command = '017f22e2-79b0-7cc3-98c4-dc0cfffffffe';
  it('count on from the command’s', () => {
    expect(eventIdOf(command, 0)).toBe('017f22e2-79b0-7cc3-98c4-dc0cffffffff');
    expect(eventIdOf(command, 1)).toBe('017f22e2-79b0-7cc3-98c4-dc0c00000000');
  });
});

describe('positions', () => {
  it('compare as numbers of any length', () => {
    const sorted = ['0', '9', '10', '99', '100', '18446744073709551615'];
    expect([...sorted].reverse().sort(comparePositions)).toEqual(sorted);
    expect(comparePositions('42', '42')).toBe(0);
  });
});

describe('a merge patch', () => {
  // The cases of RFC 7396, appendix A, whose target and patch are objects.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
  it('leaves the target as it was', () => {
    const target = { a: { b: 1 } };
    mergePatch(target, { a: { b: 2 } });
    expect(target).toEqual({ a: { b: 1 } });
  });
});
