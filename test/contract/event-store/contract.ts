import { afterEach, beforeEach, describe } from '@jest/globals';
import type { Clock } from '#kernel/clock';
import type { EventStore } from '#platform/event-store/event-store.port';
import { ManualClock } from '#test/support/manual-clock';
import { appending } from './appending.js';
import { hiding } from './hiding.js';
import { reading } from './reading.js';
import { subscribing } from './subscribing.js';

/** What every event store must do. `open` gives an empty store of the default size limits, with the clock of recording. */
export function eventStoreContract(name: string, open: (clock: Clock) => Promise<EventStore>): void {
  describe(`event store: ${name}`, () => {
    let store: EventStore;
    let clock: ManualClock;
    beforeEach(async () => {
      clock = new ManualClock();
      store = await open(clock);
    });
    afterEach(() => store.close());
    const underTest = () => ({ store, clock });

    appending(underTest);
    reading(underTest);
    hiding(underTest);
    subscribing(underTest);
  });
}
