import { describe, it } from '@jest/globals';
import { specification } from '#kernel/specification';
import { projection } from './projection.js';
import { RequestReplay, SkipEvent } from './projection.commands.js';

const given = specification(projection);
const failed = {
  ...{ projection: 'things', version: 3, eventId: 'e1', eventType: 'Order.updated', position: '17' },
  ...{ cause: '82aa7b07ffc1', reason: 'Entered twice.' },
};
const skipped = { type: 'projection.eventSkipped' as const, data: { ...failed, key: 'main.Order-a' } };

describe('a projection that operators see to', () => {
  it('leaves an event out once', () => {
    given()
      .when(SkipEvent.of({ ...failed, key: 'main.Order-a' }))
      .then(skipped);
    given(skipped)
      .when(SkipEvent.of({ ...failed, key: 'main.Order-a', reason: 'Once more.' }))
      .thenNothing();
  });

  it('also one whose key could not be told, and several of one key', () => {
    given()
      .when(SkipEvent.of(failed))
      .then({ type: 'projection.eventSkipped', data: { ...failed, key: null } });
    given(skipped)
      .when(SkipEvent.of({ ...failed, key: 'main.Order-a', eventId: 'e2' }))
      .then({ ...skipped, data: { ...skipped.data, eventId: 'e2' } });
  });

  it('tries parked work again as often as it is asked', () => {
    const requested = { type: 'projection.replayRequested' as const, data: { ids: ['things/key/main.Order-a'] } };
    const request = RequestReplay.of({ projection: 'things', ids: ['things/key/main.Order-a'] });
    given(skipped).when(request).then(requested);
    given(skipped, requested).when(request).then(requested);
  });
});
