import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemIds } from '#kernel/ids';
import { ManualClock } from '#test/support/manual-clock';
import { SqliteEventStore } from './sqlite-event-store.adapter.js';

const HOUR = 3_600;

describe('the time of recording', () => {
  let folder: string;
  let clock: ManualClock;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    clock = new ManualClock();
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = () => SqliteEventStore.open(join(folder, 'perdure.db'), { clock });
  const append = (store: SqliteEventStore) =>
    store.append('main.x-1', 'any', [{ id: systemIds.next(), type: 'x.y', data: {}, metadata: {} }]);
  const times = async (store: SqliteEventStore) =>
    (await store.read('main.x-1')).events.map(({ recordedAt }) => recordedAt.slice(11, 16));

  it('stands still while a clock that was set back catches up, over a restart, too', async () => {
    let store = await open();
    await append(store);
    clock.advance(-HOUR);
    await append(store);
    await store.close();
    store = await open();
    await append(store);
    clock.advance(HOUR + 60);
    await append(store);
    expect(await times(store)).toEqual(['00:00', '00:00', '00:00', '00:01']);
    await store.close();
  });

  it('goes by the clock again where it had been wrong by more than a day', async () => {
    const store = await open();
    clock.advance(48 * HOUR);
    await append(store);
    clock.advance(-47 * HOUR);
    await append(store);
    expect(await times(store)).toEqual(['00:00', '01:00']);
    await store.close();
  });
});
