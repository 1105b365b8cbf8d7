import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { Lease, ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { atRest, ManualStopwatch } from '#test/support/manual-stopwatch';
import { Leases } from './leases.js';
import type { Tenure } from './tenure.js';

describe('a lease', () => {
  let store: SqliteReadStore;
  let stopwatch: ManualStopwatch;
  let tenures: Tenure[];
  const never = new AbortController().signal;

  beforeEach(async () => {
    store = await SqliteReadStore.open(':memory:');
    stopwatch = new ManualStopwatch();
    tenures = [];
  });
  afterEach(async () => {
    tenures.forEach((tenure) => tenure.lose());
    await atRest();
    await store.close();
  });

  const leasesOf = (owner: string, over: ReadStore = store, watch = stopwatch) =>
    new Leases(over, { owner, stopwatch: watch });
  const acquired = async (leases: Leases, signal = never): Promise<Tenure> => {
    const tenure = (await leases.acquire('p', signal))!;
    tenures.push(tenure);
    return tenure;
  };
  /** The acquisition under way: what it came to, once it has. */
  const acquiring = (leases: Leases, signal = never) => {
    const outcome: { tenure?: Tenure; ended?: true } = {};
    void leases.acquire('p', signal).then((tenure) => {
      outcome.ended = true;
      if (tenure) tenures.push((outcome.tenure = tenure));
    });
    return outcome;
  };

  it('is taken at once where nobody has it', async () => {
    expect((await acquired(leasesOf('one'))).token).toBe(1);
    expect(await store.lease('p')).toEqual({ owner: 'one', token: 1, beat: 0 });
  });

  it('stays with its owner as long as the owner lives', async () => {
    const owner = await acquired(leasesOf('one'));
    const other = acquiring(leasesOf('two'));
    await stopwatch.advance(60_000);
    expect(other.ended).toBeUndefined();
    expect(owner.holds).toBe(true);
    expect(await store.lease('p')).toMatchObject({ owner: 'one', token: 1 });
  });

  it('goes to another within 8 seconds after its owner died, with the next token', async () => {
    const dying = new ManualStopwatch();
    await acquired(leasesOf('one', store, dying));
    const other = acquiring(leasesOf('two'));
    await stopwatch.advance(5_900);
    expect(other.ended).toBeUndefined();
    await stopwatch.advance(2_100);
    expect(other.tenure?.token).toBe(2);
  });

  it('counts the standstill from when the other first sees it, not by anybody’s clock', async () => {
    await store.swapLease('p', null, { owner: 'dead for long', token: 7, beat: 3 });
    await stopwatch.advance(1_000_000);
    const other = acquiring(leasesOf('two'));
    await stopwatch.advance(5_900);
    expect(other.ended).toBeUndefined();
    await stopwatch.advance(1_100);
    expect(other.tenure?.token).toBe(8);
  });

  it('is free at once where it was given back', async () => {
    const owner = await acquired(leasesOf('one'));
    const other = acquiring(leasesOf('two'));
    await stopwatch.advance(10_000);
    await owner.release();
    expect(owner.holds).toBe(false);
    await stopwatch.advance(1_000);
    expect(other.tenure?.token).toBe(2);
  });

  it('is not waited for where this process had it before', async () => {
    const leases = leasesOf('one');
    (await acquired(leases)).lose();
    expect((await acquired(leases)).token).toBe(2);
  });

  it('goes to one of many that wait', async () => {
    const owner = await acquired(leasesOf('one'));
    const others = ['two', 'three', 'four'].map((name) => acquiring(leasesOf(name)));
    await owner.release();
    await stopwatch.advance(30_000);
    expect(others.filter(({ tenure }) => tenure?.holds)).toHaveLength(1);
  });

  it('is not waited for any longer than the process runs', async () => {
    const stop = new AbortController();
    await acquired(leasesOf('one'));
    const other = acquiring(leasesOf('two'), stop.signal);
    await atRest();
    stop.abort();
    await atRest();
    expect(other).toEqual({ ended: true });
  });

  describe('whose owner cannot reach the store', () => {
    /** The store behind a connection that can be cut, or that swallows everything. */
    const connected = () => {
      const connection = { state: 'up' as 'up' | 'cut' | 'hangs' | 'loses answers' };
      const cut = new Proxy<ReadStore>(store, {
        get(target, name) {
          if (name !== 'lease' && name !== 'swapLease') return Reflect.get(target, name) as unknown;
          return async (...args: [string, Lease | null, Lease]) => {
            if (connection.state === 'cut') throw new StoreUnavailable('The connection broke.');
            if (connection.state === 'hangs') return new Promise(() => {});
            const answer = await (name === 'lease' ? target.lease(args[0]) : target.swapLease(...args));
            if (connection.state === 'loses answers') throw new StoreUnavailable('The connection broke.');
            return answer;
          };
        },
      });
      return { connection, cut };
    };

    it.each(['cut', 'hangs'] as const)('ends before another may take over (%s)', async (state) => {
      const { connection, cut } = connected();
      const owner = await acquired(leasesOf('one', cut));
      const other = acquiring(leasesOf('two'));
      await stopwatch.advance(3_000);
      connection.state = state;
      let lostAt = Infinity;
      let takenAt = Infinity;
      for (let time = 0; time < 12_000; time += 100) {
        await stopwatch.advance(100);
        if (owner.lost.aborted) lostAt = Math.min(lostAt, time);
        if (other.tenure) takenAt = Math.min(takenAt, time);
      }
      expect(lostAt).toBeLessThan(takenAt - 1_500);
      expect(takenAt).toBeLessThan(8_000);
    });

    it('survives a short outage and answers that were lost', async () => {
      const { connection, cut } = connected();
      const owner = await acquired(leasesOf('one', cut));
      for (const state of ['cut', 'up', 'loses answers', 'up'] as const) {
        connection.state = state;
        await stopwatch.advance(2_500);
      }
      expect(owner.holds).toBe(true);
      expect(owner.token).toBe(1);
    });
  });

  it('is known to be lost by an owner that was held up, before it does anything', async () => {
    const heldUp = new ManualStopwatch();
    const owner = await acquired(leasesOf('one', store, heldUp));
    const other = acquiring(leasesOf('two'));
    await stopwatch.advance(8_000);
    expect(other.tenure?.holds).toBe(true);
    expect(owner.lost.aborted).toBe(false);
    // As after a stall: the stopwatch has gone on, no timer has fired yet.
    heldUp.now = () => 8_000;
    expect(owner.holds).toBe(false);
    expect(owner.lost.aborted).toBe(true);
  });

  it('is lost by an owner that sees another in its place', async () => {
    const owner = await acquired(leasesOf('one'));
    await store.swapLease('p', await store.lease('p'), { owner: 'two', token: 2, beat: 0 });
    await stopwatch.advance(2_000);
    expect(owner.lost.aborted).toBe(true);
  });
});
