import { describe, expect, it } from '@jest/globals';
import { causeOf, kindOf } from './failure-cause.js';

const stack = (...frames: string[]): string => ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n');
const own = 'evolve (file:///app/dist/projections/things.projection.js:12:9)';

describe('the cause of a failure', () => {
  it('is the same whatever object it struck', () => {
    const [one, other] = [
      "Order 'a-17' has 3.5 items, not 4 (01890a5d-ac96-774b-bcce-b302099a8057).",
      "Order 'b' has 12 items, not 13 (01890a5d-ac96-774b-bcce-b302099a8058).",
    ];
    expect(kindOf(one)).toBe('Order <value> has <n> items, not <n> (<id>).');
    expect(causeOf(one, stack(own))).toBe(causeOf(other, stack(own)));
    expect(causeOf(one, stack(own))).toMatch(/^[0-9a-f]{12}$/);
  });

  it('does not name the object', () => {
    const names = ['main.Order-a', 'main.Order-b'];
    const [one, other] = names.map((name) => causeOf(`${name} has no title.`, stack(own), [name]));
    expect(one).toBe(other);
  });

  it('is another one for another message, or another place', () => {
    const cause = causeOf('No title.', stack(own));
    expect(causeOf('No name.', stack(own))).not.toBe(cause);
    expect(causeOf('No title.', stack('key (file:///app/dist/projections/things.projection.js:8:9)'))).not.toBe(cause);
  });

  it('stays the same where lines move, folders differ and libraries stand before our own code', () => {
    const moved = 'evolve (/home/ann/perdure/projections/things.projection.ts:14:3)';
    const library = 'parse (/app/node_modules/parser/index.js:1:1)';
    const inside = 'JSON.parse (<anonymous>)';
    const cause = causeOf('No title.', stack(own));
    expect(causeOf('No title.', stack(moved))).toBe(cause);
    expect(causeOf('No title.', stack(inside, 'run (node:vm:1:1)', library, own))).toBe(cause);
  });
});
