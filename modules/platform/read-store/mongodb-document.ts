import type { Document } from 'mongodb';
import { START, type Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { restored } from './mongodb-content.js';
import type { Projected, Stored } from './read-store.port.js';

/**
 * A document as it is stored: what it says stands below one field, beside the position of the last event in it. Objects compare field
 * by field, so that the greater of two states is the later one. Without a document it is a mark that there was one.
 */
export interface MongoDbDocument extends Document {
  readonly _id: string;
  readonly state: State;
}

export interface State {
  readonly at: string;
  readonly document?: Document;
  readonly removed?: Date;
}

/** Where the document is. */
export const DOCUMENT = 'state.document';
/** Leaves out the marks of documents that were removed. */
export const PRESENT: Document = { [DOCUMENT]: { $exists: true } };

/** Positions as texts in their order; that of a document that no event made comes before all. */
export function sortable(position: Position | undefined): string {
  return position === undefined ? '' : `${String(position.length).padStart(4, '0')}${position}`;
}

export function storedOf({ _id, state }: MongoDbDocument): Stored {
  return { id: _id, document: restored(state.document) };
}

export function projectedOf({ state: { at, document } }: MongoDbDocument): Projected {
  const content: JsonObject | null = document ? restored(document) : null;
  return { document: content, position: at === '' ? START : at.slice(4) };
}
