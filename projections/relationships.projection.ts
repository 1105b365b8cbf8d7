import type { Recorded } from '#kernel/event';
import { projection } from '#kernel/projection';
import { factOf, thingOfStream, type ThingEvent, type ThingRef } from '#modules/things/thing.events';
import { relationships, type RelationshipDocument } from '#read-models/relationships';

export const relationshipsProjection = projection<RelationshipDocument, ThingEvent>({
  name: 'relationships',
  version: 1,
  readModel: relationships,
  key(event) {
    if (!thingOfStream(event.stream)) return null;
    const fact = factOf(event);
    if (fact.verb !== 'related' && fact.verb !== 'unrelated') return null;
    return `${event.stream} ${fact.data.relationship} ${streamOf(fact.data.to, event)}`;
  },
  evolve(_document, event) {
    const fact = factOf(event);
    if (fact.verb !== 'related') return null;
    const { relationship, to, data } = fact.data;
    const since = Date.parse(event.metadata.occurredAt);
    return { relationship, from: event.stream, to: streamOf(to, event), data: data ?? null, since };
  },
});

function streamOf({ noun, id }: ThingRef, { metadata }: Recorded): string {
  return `${metadata.tenant}.${noun}-${id}`;
}
