import { afterEach, beforeEach, describe } from '@jest/globals';
import type { Clock } from '#kernel/clock';
import type { EventStore } from '#platform/event-store/event-store.port';
import { ManualClock } from '#test/support/manual-clock';
import { appending } from './appending.js';
import { contents } from './contents.js';
import { hiding } from './hiding.js';
import { reading } from './reading.js';
import { restoring } from './restoring.js';
import type { Traits } from './samples.js';
import { subscribing } from './subscribing.js';
import { systemStreams } from './system-streams.js';

const EVERYTHING: Traits = { ourTime: true, ourMetadata: true, emptyGaps: true };

/** What every event store must do. `open` gives an empty store of the default size limits, with the clock of recording. */
export function eventStoreContract(
  name: string,
  open: (clock: Clock) => Promise<EventStore>,
  traits: Traits = EVERYTHING,
): void {
  describe(`event store: ${name}`, () => {
    let store: EventStore;
    let clock: ManualClock;
    beforeEach(async () => {
      clock = new ManualClock();
      store = await open(clock);
    });
    afterEach(() => store.close());
    const underTest = () => ({ store, clock, traits });

    appending(underTest);
    reading(underTest);
    hiding(underTest);
    subscribing(underTest);
    systemStreams(underTest);
    contents(underTest);
    restoring(underTest);
  });
}
