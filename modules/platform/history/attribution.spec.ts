import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { Attribution } from './attribution.js';

const event = (revision: number) => ({ revision }) as Recorded;
const setters = (attribution: Attribution, state: object) =>
  Object.fromEntries([...attribution.leaves(state)].map(({ pointer, event: by }) => [pointer, by?.revision]));

/** Advances through the states, each made by the event of its place. */
function through(states: readonly object[], keepRemoved = false): Attribution {
  const attribution = new Attribution(keepRemoved);
  states.slice(1).forEach((state, index) => attribution.advance(states[index]!, state, event(index)));
  return attribution;
}

describe('attribution', () => {
  it('names nobody for what was there before all events', () => {
    expect(setters(through([{ a: 1 }, { a: 1, b: 2 }]), { a: 1, b: 2 })).toEqual({ '/a': undefined, '/b': 0 });
  });

  it('gives what is sealed to the event that sealed it, also once it is shown in plain', () => {
    const sealed = (token: string) => ({ email: { $sealed: token }, n: 1 });
    const attribution = through([{}, sealed('x'), { ...sealed('x'), n: 2 }, sealed('y'), { ...sealed('y'), n: 3 }]);
    expect(setters(attribution, { email: { home: 'ada@example.org' }, n: 3 })).toEqual({ '/email/home': 2, '/n': 3 });
    expect(setters(attribution, { email: null, n: 3 })).toEqual({ '/email': 2, '/n': 3 });
  });

  it('takes a member that is undefined as one that is not there', () => {
    const attribution = through([{ a: 1 }, { a: 1, b: undefined }, { a: 1, b: 1 }, { a: 1, b: undefined }]);
    expect(setters(attribution, { a: 1 })).toEqual({ '/a': undefined });
  });

  it('tells who removed what is gone, where it keeps that', () => {
    const attribution = through([{ a: { b: 1, c: 2 } }, { a: { c: 2 } }, { a: { c: 3 } }, {}], true);
    expect(attribution.at(['a'])?.revision).toBe(2);
    const earlier = through([{ a: { b: 1, c: 2 } }, { a: { c: 2 } }, { a: { c: 3 } }], true);
    expect(earlier.at(['a', 'b'])?.revision).toBe(0);
    expect(earlier.at(['a', 'c'])?.revision).toBe(1);
    expect(earlier.at(['z'])).toBeUndefined();
  });

  it('does not look into what two states share', () => {
    const ownKeys = () => {
      throw new Error('Looked into what did not change.');
    };
    const shared = new Proxy({ deep: 1 }, { ownKeys });
    const attribution = through([
      { n: 0, shared },
      { n: 1, shared },
      { n: 2, shared },
    ]);
    expect([...attribution.leaves({ n: 2 })]).toMatchObject([{ pointer: '/n', event: { revision: 1 } }]);
  });
});
