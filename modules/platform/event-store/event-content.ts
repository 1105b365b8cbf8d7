import type { Recorded } from '#kernel/event';

/** JSON as its writer spelled it: kept to the letter, so that no digit of a large number is lost on the way. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** An event's content as it goes over a wire: bytes, and whether the data is JSON. */
export interface EventContent {
  readonly json: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What an adapter read: the texts or bytes that stand in the store. */
export interface StoredContent {
  readonly data: string | Uint8Array;
  readonly metadata: string | Uint8Array;
}

/**
 * A constructor that gives back what it is given, so that a subclass adds its private fields to that: nobody sees them, and unlike a
 * WeakMap, with which reading took twice as long, they cost a hundredth of a read. Whoever copies an event by its fields loses the
 * letter, not the meaning.
 */
const Given = function (event: Recorded) {
  return event;
} as unknown as new (event: Recorded) => object;

class Stored extends Given {
  #content: StoredContent;

  private constructor(event: Recorded, content: StoredContent) {
    super(event);
    this.#content = content;
  }

  static set(event: Recorded, content: StoredContent): void {
    if (#content in event) event.#content = content;
    else new Stored(event, content);
  }

  static get(event: object): StoredContent | undefined {
    return #content in event ? event.#content : undefined;
  }
}

/** Remembers what the event was parsed from, for {@link contentOf}. */
export function withContent(event: Recorded, content: StoredContent): Recorded {
  Stored.set(event, content);
  return event;
}

/** The content as it was written: texts are JSON. */
export function storedContentOf(event: Recorded): StoredContent {
  return Stored.get(event) ?? { data: textOrBytes(event.data), metadata: textOrBytes(event.metadata) };
}

/** The content as it was written, in bytes. */
export function contentOf(event: Recorded): EventContent {
  const { data, metadata } = storedContentOf(event);
  return { json: typeof data === 'string', data: bytesOf(data), metadata: bytesOf(metadata) };
}

function textOrBytes(content: unknown): string | Uint8Array {
  return content instanceof Uint8Array ? content : JSON.stringify(content);
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
