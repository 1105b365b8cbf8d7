import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InvalidInput } from '#kernel/errors';
import { InvalidJobCursor, JobNotEnded, JobNotFound, TerminalJobError } from '#platform/jobs/jobs.errors';
import type { JobQuery, JobRequest, Jobs } from '#platform/jobs/jobs.port';
import { gate, type NewPlace, until, untilState } from './open-jobs.js';

const LATER = { after: 3_600_000 } as const;

export function scheduling(newPlace: NewPlace): void {
  let jobs: Jobs;
  beforeEach(async () => {
    jobs = await newPlace().open();
  });
  afterEach(() => jobs.close());

  describe('schedule', () => {
    it('stores a job with its defaults', async () => {
      const before = Date.now();
      const view = await jobs.schedule({ key: 'a', handler: 'h', payload: { x: [1] }, time: LATER });
      expect(view).toMatchObject({
        ...{ key: 'a', handler: 'h', queue: 'default', payload: { x: [1] }, time: LATER, priority: 0 },
        ...{ state: 'scheduled', attempt: 0, maxAttempts: 10 },
      });
      expect(Date.parse(view.runAt)).toBeGreaterThanOrEqual(before + LATER.after);
      expect(Date.parse(view.runAt) - Date.parse(view.scheduledAt)).toBe(LATER.after);
      expect(await jobs.get('a')).toEqual(view);
      expect(await jobs.get('b')).toBeNull();
    });

    it('shows a job that is due and has no worker as waiting', async () => {
      expect(await jobs.schedule({ key: 'a', handler: 'h' })).toMatchObject({ state: 'waiting' });
      const past = { at: '2020-01-01T00:00:00Z' };
      expect(await jobs.schedule({ key: 'b', handler: 'h', time: past })).toMatchObject({
        state: 'waiting',
        runAt: '2020-01-01T00:00:00.000Z',
      });
    });

    it('changes nothing for the same content', async () => {
      const first = await jobs.schedule({ key: 'a', handler: 'h', payload: { x: 1, y: 2 }, time: LATER });
      expect(await jobs.schedule({ key: 'a', handler: 'h', payload: { y: 2, x: 1 }, time: LATER })).toEqual(first);
    });

    it('makes one job of one key scheduled many times at once', async () => {
      const runs: string[] = [];
      const request: JobRequest = { key: 'a', handler: 'h', time: { after: 20 } };
      await Promise.all(Array.from({ length: 20 }, () => jobs.schedule(request)));
      jobs.work('default', { h: async ({ key }) => void runs.push(key) });
      await untilState(jobs, 'a', 'finished');
      await jobs.schedule(request);
      await jobs.schedule({ key: 'b', handler: 'h' });
      await untilState(jobs, 'b', 'finished');
      expect(runs).toEqual(['a', 'b']);
    });

    it('replaces what has not started by other content', async () => {
      const runs: unknown[] = [];
      await jobs.schedule({ key: 'a', handler: 'h', payload: 1, time: { after: 30 } });
      await jobs.schedule({ key: 'a', handler: 'h', payload: 2, time: { after: 40 }, queue: 'other' });
      expect(await jobs.get('a')).toMatchObject({ payload: 2, queue: 'other' });
      const handlers = { h: async ({ payload }: { payload: unknown }) => void runs.push(payload) };
      jobs.work('default', handlers);
      jobs.work('other', handlers);
      await untilState(jobs, 'a', 'finished');
      await jobs.schedule({ key: 'z', handler: 'h', payload: 'z', time: { after: 60 } });
      await untilState(jobs, 'z', 'finished');
      expect(runs).toEqual([2, 'z']);
    });

    it('lets other content follow what is running', async () => {
      const started = gate();
      const end = gate();
      const runs: unknown[] = [];
      const h = async ({ payload }: { payload: unknown }): Promise<void> => {
        runs.push(payload);
        started.open();
        await end.opened;
      };
      jobs.work('default', { h });
      await jobs.schedule({ key: 'a', handler: 'h', payload: 1 });
      await started.opened;
      expect(await jobs.schedule({ key: 'a', handler: 'h', payload: 2 })).toMatchObject({
        state: 'running',
        payload: 1,
      });
      expect(await jobs.schedule({ key: 'a', handler: 'h', payload: 3 })).toMatchObject({
        state: 'running',
        payload: 1,
      });
      end.open();
      await until(async () => (await jobs.get('a'))?.payload === 3);
      await untilState(jobs, 'a', 'finished');
      expect(runs).toEqual([1, 3]);
    });

    it('begins anew after what has ended', async () => {
      const runs: unknown[] = [];
      jobs.work('default', { h: async ({ payload }) => void runs.push(payload) });
      await jobs.schedule({ key: 'a', handler: 'h', payload: 1 });
      await untilState(jobs, 'a', 'finished');
      await jobs.schedule({ key: 'a', handler: 'h', payload: 2 });
      await until(() => runs.length === 2);
      expect(runs).toEqual([1, 2]);
    });

    it.each<[string, Partial<JobRequest>, string]>([
      ['an empty key', { key: '' }, '/key'],
      ['a long key', { key: 'x'.repeat(201) }, '/key'],
      ['a key with control characters', { key: 'a\nb' }, '/key'],
      ['a handler with spaces', { handler: 'a b' }, '/handler'],
      ['a queue with a colon', { queue: 'a:b' }, '/queue'],
      ['a large payload', { payload: 'x'.repeat(65_536) }, '/payload'],
      ['no attempts', { attempts: 0 }, '/attempts'],
      ['a negative priority', { priority: -1 }, '/priority'],
      ['jitter over one', { backoff: { jitter: 2 } }, '/backoff/jitter'],
      ['a time that is none', { time: { at: 'soon' } }, '/time/at'],
      ['a negative delay', { time: { after: -1 } }, '/time/after'],
      ['a tiny interval', { time: { every: 1 } }, '/time/every'],
      ['a bad expression', { time: { cron: '61 * * * *' } }, '/time/cron'],
      ['an unknown time zone', { time: { cron: '* * * * *', timeZone: 'Mars/Olympus' } }, '/time/cron'],
      ['a day that never comes', { time: { cron: '0 0 30 2 *' } }, '/time/cron'],
    ])('refuses %s', async (_what, part, pointer) => {
      const refused = jobs.schedule({ key: 'a', handler: 'h', ...part });
      await expect(refused).rejects.toThrow(InvalidInput);
      await expect(refused).rejects.toMatchObject({ violations: [{ pointer }] });
    });

    it.each(['a:b', '1', '~', 'ü 😀', 'a@b.c/%3A', 'x'.repeat(200)])('runs a job with the key %s', async (key) => {
      jobs.work('default', { h: async (job) => job.key });
      await jobs.schedule({ key, handler: 'h' });
      await untilState(jobs, key, 'finished');
      expect(await jobs.get(key)).toMatchObject({ key, result: key });
    });
  });

  describe('cancel', () => {
    it('keeps what has not started from ever running', async () => {
      const runs: string[] = [];
      await jobs.schedule({ key: 'a', handler: 'h', time: { after: 20 } });
      expect(await jobs.cancel('a')).toBe(true);
      expect(await jobs.cancel('a')).toBe(false);
      expect(await jobs.cancel('none')).toBe(false);
      jobs.work('default', { h: async ({ key }) => void runs.push(key) });
      await jobs.schedule({ key: 'z', handler: 'h', time: { after: 50 } });
      await untilState(jobs, 'z', 'finished');
      expect(runs).toEqual(['z']);
      expect(await jobs.get('a')).toMatchObject({ state: 'cancelled', endedAt: expect.any(String) as unknown });
    });

    it('fires the signal of what is running', async () => {
      const started = gate();
      jobs.work('default', {
        h: ({ signal }) => {
          started.open();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
        },
      });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await started.opened;
      expect(await jobs.cancel('a')).toBe(true);
      await untilState(jobs, 'a', 'cancelled');
    });

    it('lets a handler finish that does not mind the signal', async () => {
      const started = gate();
      const end = gate();
      jobs.work('default', { h: () => (started.open(), end.opened.then(() => 'done')) });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await started.opened;
      await jobs.cancel('a');
      expect(await jobs.get('a')).toMatchObject({ state: 'running', cancelling: true });
      end.open();
      await untilState(jobs, 'a', 'finished');
    });

    it('can be taken back by scheduling it again', async () => {
      jobs.work('default', { h: async () => undefined });
      await jobs.schedule({ key: 'a', handler: 'h', time: LATER });
      await jobs.cancel('a');
      expect(await jobs.schedule({ key: 'a', handler: 'h', time: LATER })).toMatchObject({ state: 'scheduled' });
    });
  });

  describe('retry', () => {
    it('runs a dead job again with all its attempts', async () => {
      let isMended = false;
      const attempts: number[] = [];
      jobs.work('default', {
        h: async ({ attempt }) => {
          attempts.push(attempt);
          if (!isMended) throw new TerminalJobError('broken');
        },
      });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await untilState(jobs, 'a', 'dead');
      isMended = true;
      expect(await jobs.retry('a')).toMatchObject({ state: 'waiting', attempt: 0 });
      await untilState(jobs, 'a', 'finished');
      expect(attempts).toEqual([1, 1]);
    });

    it('is refused for other jobs', async () => {
      await expect(jobs.retry('a')).rejects.toThrow(JobNotFound);
      await jobs.schedule({ key: 'a', handler: 'h' });
      await expect(jobs.retry('a')).rejects.toThrow(JobNotEnded);
    });
  });

  describe('list', () => {
    const keys = async (query: JobQuery = {}): Promise<string[]> => {
      const found: string[] = [];
      let page = await jobs.list(query);
      for (;;) {
        found.push(...page.items.map(({ key }) => key));
        if (page.next === undefined) return found;
        page = await jobs.list({ ...query, cursor: page.next });
      }
    };

    it('pages by key, filtered', async () => {
      const names = ['10', '9', 'Z', 'a', 'b', 'ä', '\uffff', '😀'];
      for (const [i, key] of names.toReversed().entries()) {
        const [queue, handler] = [i % 2 ? 'odd' : 'even', i % 3 ? 'h' : 'third'];
        await jobs.schedule({ key, handler, queue, ...(i > 3 && { time: LATER }) });
      }
      for (const limit of [1, 3, 8, 100]) expect(await keys({ limit })).toEqual(names);
      expect(await keys({ limit: 2, queue: 'odd' })).toEqual(['10', 'Z', 'b', '\uffff']);
      expect(await keys({ limit: 1, handler: 'third' })).toEqual(['9', 'b', '😀']);
      expect(await keys({ limit: 3, state: 'waiting' })).toEqual(['b', 'ä', '\uffff', '😀']);
      expect(await keys({ limit: 3, state: 'scheduled' })).toEqual(['10', '9', 'Z', 'a']);
      expect(await keys({ state: 'waiting', queue: 'odd', handler: 'h' })).toEqual(['\uffff']);
      expect(await keys({ state: 'dead' })).toEqual([]);
    });

    it('finds what has ended by how it ended', async () => {
      jobs.work('default', {
        good: async () => undefined,
        bad: () => Promise.reject(new TerminalJobError('bad')),
      });
      for (const key of ['d2', 'd1', 'd3']) await jobs.schedule({ key, handler: 'bad' });
      for (const key of ['f2', 'f1', 'f3']) await jobs.schedule({ key, handler: 'good' });
      await jobs.schedule({ key: 'c', handler: 'good', time: LATER });
      await jobs.cancel('c');
      await until(
        async () => (await keys({ state: 'waiting' })).length + (await keys({ state: 'running' })).length === 0,
      );
      expect(await keys({ state: 'dead', limit: 2 })).toEqual(['d1', 'd2', 'd3']);
      expect(await keys({ state: 'finished', limit: 1 })).toEqual(['f1', 'f2', 'f3']);
      expect(await keys({ state: 'cancelled' })).toEqual(['c']);
    });

    it('refuses another cursor or limit', async () => {
      for (const key of ['a', 'b']) await jobs.schedule({ key, handler: 'h' });
      const { next } = await jobs.list({ limit: 1 });
      await expect(jobs.list({ cursor: next!, queue: 'default' })).rejects.toThrow(InvalidJobCursor);
      await expect(jobs.list({ cursor: 'x' })).rejects.toThrow(InvalidJobCursor);
      await expect(jobs.list({ limit: 0 })).rejects.toThrow(InvalidInput);
    });
  });
}
