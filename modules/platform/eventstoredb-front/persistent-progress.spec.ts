import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '#test/support/manual-clock';
import { CheckpointPolicy, Progress } from './persistent-progress.js';
import type { GroupSettings } from './persistent-settings.js';

const policySettings = { minCheckpointCount: 3, maxCheckpointCount: 10, checkpointAfterMs: 2_000 } as GroupSettings;

describe('the progress of a group', () => {
  it('stands before the oldest event that is not finished', () => {
    const progress = new Progress();
    const [a, b, c] = ['0', '1', '2'].map((place) => progress.open(place));
    expect(progress.finished).toBeUndefined();
    progress.close(b!);
    expect(progress.finished).toBeUndefined();
    progress.close(a!);
    expect(progress.finished).toBe('1');
    progress.close(c!);
    expect(progress).toMatchObject({ finished: '2', read: '2', count: 3, openCount: 0 });
  });

  it('starts from where an earlier one came to', () => {
    const progress = new Progress('41');
    expect(progress.finished).toBe('41');
    progress.open('42');
    expect(progress).toMatchObject({ finished: '41', read: '42', count: 0 });
  });

  it('passes over what needs no work, but not before what is open', () => {
    const progress = new Progress();
    const first = progress.open('C:5/P:5');
    progress.pass('C:9/P:9');
    expect(progress).toMatchObject({ finished: undefined, read: 'C:9/P:9' });
    progress.close(first);
    expect(progress.finished).toBe('C:9/P:9');
  });
});

describe('a checkpoint', () => {
  let clock: ManualClock;
  let progress: Progress;
  let policy: CheckpointPolicy;
  let opened = 0;
  const handle = (events: number): void => {
    for (let i = 0; i < events; i++) progress.close(progress.open(String(opened++)));
  };

  beforeEach(() => {
    clock = new ManualClock();
    progress = new Progress();
    policy = new CheckpointPolicy(policySettings, clock);
    opened = 0;
  });

  it('is due when it is worth the minimum and its time has come', () => {
    handle(3);
    expect(policy.due(progress)).toBeUndefined();
    clock.advance(2);
    expect(policy.due(progress)).toBe('2');
  });

  it('waits for the minimum, however long that takes', () => {
    handle(2);
    clock.advance(3_600);
    expect(policy.due(progress)).toBeUndefined();
    expect(policy.outstanding(progress)).toBe('1');
  });

  it('is due at once at the maximum', () => {
    handle(9);
    expect(policy.due(progress)).toBeUndefined();
    handle(1);
    expect(policy.due(progress)).toBe('9');
  });

  it('is not due again before there is something new', () => {
    handle(10);
    policy.wrote('9', progress);
    clock.advance(10);
    expect(policy.due(progress)).toBeUndefined();
    expect(policy.outstanding(progress)).toBeUndefined();
    handle(3);
    expect(policy.due(progress)).toBe('12');
  });

  it('counts only what is finished without a gap', () => {
    const stuck = progress.open('stuck');
    handle(20);
    clock.advance(10);
    expect(policy.due(progress)).toBeUndefined();
    progress.close(stuck);
    expect(policy.due(progress)).toBe('19');
  });

  it('is due after a stretch that the filter left out, whose events nobody counted', () => {
    progress.pass('C:1000000/P:1000000');
    expect(policy.due(progress)).toBeUndefined();
    clock.advance(2);
    expect(policy.due(progress)).toBe('C:1000000/P:1000000');
  });
});
