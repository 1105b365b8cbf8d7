import { describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EVENT_STORE } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { READ_STORE } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, upToDate } from '#test/support/counter-projection';
import { ProjectingModule } from './projecting.module.js';
import { ProjectionStatuses } from './projection-status.js';
import { RunningProjections } from './running-projections.js';

describe('the projecting module', () => {
  it('runs its projections as long as the application does', async () => {
    const events = await SqliteEventStore.open(':memory:');
    const documents = await SqliteReadStore.open(':memory:');
    const stores = [
      { provide: EVENT_STORE, useValue: events },
      { provide: READ_STORE, useValue: documents },
    ];
    @Global()
    @Module({ providers: stores, exports: stores })
    class Stores {}

    const imports = [Stores, ProjectingModule.forProjections([counters()])];
    const application = await Test.createTestingModule({ imports }).compile();
    await application.init();
    await events.append('main.counter-a', 'none', [added(3)]);
    await upToDate(application.get(RunningProjections).runner('counters')!, events);
    expect(await documents.get('counters', 'a')).toMatchObject({ sum: 3 });

    await application.close();
    expect(await application.get(ProjectionStatuses).statuses()).toMatchObject([
      { name: 'counters', state: 'stopped' },
    ]);
    await Promise.all([events.close(), documents.close()]);
  });

  it('does not start with a projection that is not complete', () => {
    expect(() => ProjectingModule.forProjections([{ ...counters(), version: NaN }])).toThrow(/add "version: 1"/);
  });
});
