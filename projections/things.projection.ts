import type { Recorded } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { mergePatch } from '#kernel/merge-patch';
import { projection } from '#kernel/projection';
import { factOf, thingOfStream, type ThingEvent, type ThingFact } from '#modules/things/thing.events';
import { things, type ThingDocument } from '#read-models/things';

export const thingsProjection = projection<ThingDocument, ThingEvent>({
  name: 'things',
  version: 1,
  readModel: things,
  key: ({ stream }) => (thingOfStream(stream) ? stream : null),
  evolve(document, event) {
    const fact = factOf(event);
    if (fact.verb === 'deleted') return null;
    const before = document ?? begin(event);
    const at = Date.parse(event.metadata.occurredAt);
    return {
      ...before,
      data: dataAfter(before.data, fact),
      deletedAt: fact.verb === 'softDeleted' ? at : fact.verb === 'restored' ? null : before.deletedAt,
      updatedAt: at,
      revision: event.revision,
    };
  },
});

function begin({ stream, revision, metadata }: Recorded): ThingDocument {
  const { category, noun, id } = thingOfStream(stream)!;
  const at = Date.parse(metadata.occurredAt);
  return { category, noun, thingId: id, revision, createdAt: at, updatedAt: at, deletedAt: null, data: {} };
}

function dataAfter(data: JsonObject, fact: ThingFact): JsonObject {
  if (fact.verb === 'created' || fact.verb === 'replaced') return fact.data.data;
  if (fact.verb === 'updated') return mergePatch(data, fact.data.patch);
  if (fact.verb === 'acted' && fact.data.set) return mergePatch(data, fact.data.set);
  return data;
}
