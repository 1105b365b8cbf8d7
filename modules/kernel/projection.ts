import type { DomainEvent, Recorded } from './event.js';
import type { JsonObject } from './json.js';

/** An index over document fields, by dotted path, in order. */
export interface IndexDefinition {
  readonly fields: readonly string[];
}

/** What queries read: a collection of documents with declared indexes. Each document has an id beside its fields. */
export interface ReadModel<Document extends object = JsonObject> {
  readonly name: string;
  readonly indexes: readonly IndexDefinition[];
  /** Carries the type of the documents; never set. */
  readonly document?: Document;
}

/** Which events a projection sees. Both conditions hold together; one left out does not filter. */
export interface EventFilter {
  /** Beginnings of stream names, such as `main.task-`. */
  readonly streamPrefixes?: readonly string[];
  readonly types?: readonly string[];
}

/** Turns events into documents. Pure: a rebuild gives the same documents again. */
export interface Projection<Document extends object = JsonObject, Event extends DomainEvent = DomainEvent> {
  readonly name: string;
  /** Grows when `key` or `evolve` change their meaning: the read model is then built anew. */
  readonly version: number;
  readonly readModel: ReadModel<Document>;
  readonly filter?: EventFilter;
  /**
   * Says that each document is made by one stored event alone, such as an entry of a journal: then none is read before it is written.
   * A second event with the key of an earlier one would put its own document in the place of that one's.
   */
  readonly once?: boolean;
  /** The document this event belongs to, or null where it does not matter here. */
  key(event: Recorded<Event>): string | null;
  /** The document after the event, or null to remove it. The same object back means unchanged. */
  evolve(document: Document | null, event: Recorded<Event>): Document | null;
}

/** Declares a projection, with its types inferred. */
export function projection<Document extends object, Event extends DomainEvent>(
  definition: Projection<Document, Event>,
): Projection<Document, Event> {
  return definition;
}
