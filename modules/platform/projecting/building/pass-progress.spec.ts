import { describe, expect, it } from '@jest/globals';
import type { Operation } from '#platform/operations/operation';
import { OperationRun } from '#platform/operations/operation-run';
import { PassProgress } from './pass-progress.js';

/** A run that goes on with an operation of which so much was noted as done. */
const runAfter = (done: number): OperationRun =>
  new OperationRun({ done, total: null } as Operation, { now: () => 0, wait: () => Promise.resolve() }, () =>
    Promise.resolve(),
  );

describe('the progress of a pass over the events', () => {
  it('is estimated from how far apart the events were so far', () => {
    const run = runAfter(0);
    const progress = new PassProgress(run, '4000');
    progress.onPage(500, '1000');
    progress.onPage(500, '2000');
    expect(run.operation).toMatchObject({ done: 1_000, total: 2_000 });
  });

  it('does not count twice what is read again after a kill', () => {
    const run = runAfter(3_000);
    const progress = new PassProgress(run, '4000');
    for (const at of ['1000', '2000', '3000', '4000']) progress.onPage(1_000, at);
    expect(run.operation).toMatchObject({ done: 4_000, total: 4_000 });
  });
});
