import type { Recorded } from '#kernel/event';
import { projection } from '#kernel/projection';
import type { NounEvent } from '#modules/things/noun.events';
import { thingOfStream, type ThingEvent } from '#modules/things/thing.events';
import { nouns, type NounDocument } from '#read-models/nouns';

const DEFINITIONS = '.noun-';

export const nounsProjection = projection<NounDocument, NounEvent | ThingEvent>({
  name: 'nouns',
  version: 1,
  readModel: nouns,
  key({ stream, metadata }) {
    const noun = definedNoun(stream, metadata.tenant) ?? thingOfStream(stream)?.noun;
    return noun === undefined ? null : `${metadata.tenant}.${noun}`;
  },
  evolve(document, event) {
    const known = document ?? begin(event);
    switch (event.type) {
      case 'noun.defined': {
        const { description, schema } = (event as Recorded<Extract<NounEvent, { type: 'noun.defined' }>>).data;
        return { ...known, description: description ?? null, schema: schema ?? null };
      }
      case 'noun.undefined':
        return { ...known, description: null, schema: null };
      default:
        return known;
    }
  },
});

function begin({ stream, metadata }: Recorded): NounDocument {
  const { tenant } = metadata;
  const noun = definedNoun(stream, tenant) ?? thingOfStream(stream)!.noun;
  return { tenant, noun, description: null, schema: null, since: Date.parse(metadata.occurredAt) };
}

/** The noun that this stream defines, if it is a definition. */
function definedNoun(stream: string, tenant: string): string | undefined {
  const prefix = tenant + DEFINITIONS;
  return stream.startsWith(prefix) ? stream.slice(prefix.length) : undefined;
}
