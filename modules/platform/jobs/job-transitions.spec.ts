import { describe, expect, it } from '@jest/globals';
import type { JobRecord } from './job-record.js';
import { contentOf } from './job-request.js';
import { begun, cancelled, delayAfter, failed, finished, recurred, released, scheduled } from './job-transitions.js';
import type { JobRequest } from './jobs.port.js';

const NOW = Date.parse('2026-03-28T12:00:00Z');
const request = (part: Partial<JobRequest> = {}): JobRequest => ({ key: 'a', handler: 'h', ...part });
const content = (part?: Partial<JobRequest>) => contentOf(request(part), NOW);
const pending = (part?: Partial<JobRequest>): JobRecord => scheduled(undefined, 'a', content(part), NOW);
const running = (part?: Partial<JobRequest>): JobRecord => begun(pending(part), 'run 1', NOW, Math.random);
const error = { message: 'no' };

describe('a job whose workers die', () => {
  const again = (job: JobRecord, run: string): JobRecord => begun(job, run, job.runAt, () => 0);

  it('is taken over at once, as the same attempt', () => {
    expect(again(running(), 'run 2')).toMatchObject({ state: 'running', attempt: 1, takeovers: 1, run: 'run 2' });
  });

  it('waits longer and longer after that, and is dead with the tenth', () => {
    let job = again(running(), 'run 2');
    for (let death = 2; death < 10; death++) {
      const delayed = again(job, 'none');
      expect(delayed).toMatchObject({
        state: 'pending',
        takeovers: death,
        runAt: job.runAt + 1_000 * 2 ** (death - 2),
      });
      job = again(delayed, `run ${death + 1}`);
      expect(job).toMatchObject({ state: 'running', attempt: 1, run: `run ${death + 1}` });
    }
    job = again(job, 'run 11');
    expect(job).toMatchObject({ state: 'dead', error: { message: expect.stringContaining('10 workers') as unknown } });
    expect(job.run).toBeUndefined();
  });
});

describe('a job that is scheduled again while it runs', () => {
  const other = content({ payload: 2 });

  it.each<[string, (job: JobRecord) => JobRecord]>([
    ['finishes', (job) => finished(job, 1, NOW + 5)],
    ['fails', (job) => failed(job, error, 'retryable', NOW + 5, Math.random)],
    ['dies', (job) => failed(job, error, 'terminal', NOW + 5, Math.random)],
  ])('begins anew when the run %s', (_how, end) => {
    const after = end(scheduled(running(), 'a', other, NOW));
    expect(after).toMatchObject({ state: 'pending', content: other, attempt: 0, generation: 2, runAt: NOW + 5 });
    expect(after).not.toHaveProperty('follow');
    expect(after).not.toHaveProperty('error');
  });

  it('does not, where it was taken back', () => {
    const job = running();
    const back = scheduled(scheduled(job, 'a', other, NOW), 'a', content(), NOW);
    expect(finished(back, 1, NOW)).toMatchObject({ state: 'finished', generation: 1 });
  });

  it('does not, where it was cancelled then', () => {
    const job = cancelled(scheduled(running(), 'a', other, NOW), NOW);
    expect(failed(job, error, 'retryable', NOW, Math.random)).toMatchObject({ state: 'cancelled', generation: 1 });
  });

  it('does, with the same content, where it was cancelled before', () => {
    const job = scheduled(cancelled(running(), NOW), 'a', content(), NOW);
    expect(failed(job, error, 'retryable', NOW, Math.random)).toMatchObject({ state: 'pending', generation: 2 });
  });
});

it('a run that is given back counts no attempt', () => {
  expect(released(running(), NOW + 1)).toMatchObject({ state: 'pending', attempt: 0, runAt: NOW + 1 });
});

describe('the wait before another attempt', () => {
  it('doubles up to its bound, less the jitter', () => {
    const backoff = { initial: 100, max: 1_000, jitter: 0.5 };
    expect([1, 2, 3, 4, 5, 60].map((attempt) => delayAfter(attempt, backoff, 0))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect([1, 2, 3, 4, 5].map((attempt) => delayAfter(attempt, backoff, 1))).toEqual([50, 100, 200, 400, 500]);
  });

  it('is drawn from the numbers that are handed in', () => {
    const job = running({ backoff: { initial: 1_000, jitter: 1 } });
    expect(failed(job, error, 'retryable', NOW, () => 0.25).runAt).toBe(NOW + 750);
  });
});

describe('a recurring job', () => {
  const hourly = { cron: '0 * * * *', timeZone: 'Europe/Berlin' };

  it('owes one occurrence at its time, and goes on with the next', () => {
    const job = pending({ time: hourly, payload: 7, priority: 3 });
    const due = Date.parse('2026-03-28T13:00:00Z');
    expect(job.runAt).toBe(due);
    const { owed, record } = recurred(job, due + 3);
    expect(owed).toMatchObject([
      { key: 'a@2026-03-28T13:00:00.000Z', runAt: due, content: { payload: 7, priority: 3, handler: 'h' } },
    ]);
    expect(record).toMatchObject({ state: 'pending', runAt: due + 3_600_000, generation: 1 });
  });

  it('makes up for two days by the last hour of them, or by each', () => {
    const later = Date.parse('2026-03-30T12:30:00Z');
    const last = recurred(pending({ time: hourly }), later);
    expect(last.owed.map(({ key }) => key)).toEqual(['a@2026-03-30T12:00:00.000Z']);
    const all = recurred(pending({ time: { ...hourly, catchUp: 'all' } }), later);
    expect(all.owed).toHaveLength(48);
    expect(all.record.runAt).toBe(last.record.runAt);
  });

  it('makes up for no more than a thousand in one go', () => {
    const everySecond = pending({ time: { every: 1_000, catchUp: 'all' } });
    const first = recurred(everySecond, NOW + 1_500_000);
    expect(first.owed).toHaveLength(1_000);
    const second = recurred(first.record, NOW + 1_500_000);
    expect(second.owed).toHaveLength(500);
    expect(second.owed[0]!.runAt).toBe(first.owed.at(-1)!.runAt + 1_000);
  });
});
