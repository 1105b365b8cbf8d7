import { describe, expect, it } from '@jest/globals';
import { type TracedEvent, traceOf } from './trace.js';

const object = (id: string) => ({ type: 'task', id });
let position = 0;

/** Event `e<n>` of a command, because of what is named last. */
function event(n: number, commandId: string, causationId: string, id = 'a'): TracedEvent {
  const time = '2026-01-01T00:00:00.000Z';
  return {
    ...{ id: `e${n}`, type: 'task.done', revision: n, position: String(++position), object: object(id) },
    ...{ commandId, causationId, correlationId: 'c', actor: { type: 'user', id: 'ada' } },
    ...{ occurredAt: time, recordedAt: time },
  };
}

const shown = (...events: TracedEvent[]) =>
  traceOf('c', events).steps.map(({ commandId, depth, parent, events: effects }) =>
    [depth, commandId, parent, effects.map(({ id }) => id).join()].join(' '),
  );

describe('a trace', () => {
  it('has each step before those that follow from its command or its events', () => {
    const events = [
      event(1, 'request', 'request'),
      event(2, 'request', 'request'),
      event(3, 'saga-1', 'e1', 'b'),
      event(4, 'saga-2', 'e2', 'c'),
      event(5, 'deep', 'e3', 'd'),
      event(6, 'sent', 'saga-1', 'e'),
      event(7, 'later', 'request'),
    ];
    const tree = [
      '0 request  e1,e2',
      '1 saga-1 request e3',
      '2 deep saga-1 e5',
      '2 sent saga-1 e6',
      '1 saga-2 request e4',
      '1 later request e7',
    ];
    expect(shown(...events)).toEqual(tree);
    expect(shown(...events.toReversed())).toEqual(tree);
  });

  it('begins anew where a cause is not among its events', () => {
    expect(shown(event(1, 'one', 'lost'), event(2, 'two', 'two'))).toEqual(['0 one  e1', '0 two  e2']);
  });

  it('ends where causes go round in circles', () => {
    expect(shown(event(1, 'one', 'e2'), event(2, 'two', 'e1'))).toEqual(['0 one two e1', '1 two one e2']);
  });

  it('tells the effects of one command on several objects apart', () => {
    const { steps } = traceOf('c', [event(1, 'one', 'one', 'a'), event(2, 'one', 'one', 'b')]);
    expect(steps.map(({ object: { id } }) => id)).toEqual(['a', 'b']);
  });

  it('goes as deep as causes do', () => {
    const events = Array.from({ length: 5_000 }, (_, n) => event(n, `c${n}`, n === 0 ? 'c0' : `e${n - 1}`));
    expect(traceOf('c', events).steps.at(-1)).toMatchObject({ depth: 4_999 });
  });
});
