/** Characters of an event that can be searched for. */
export const MAX_TEXT = 1_000;

/** Levels of data that are looked into, so that no depth of it makes the stack overflow. */
const MAX_DEPTH = 16;

interface EventWords {
  readonly type: string;
  readonly objectType: string;
  readonly objectId: string | null;
  readonly actorType: string;
  readonly actor: string;
  readonly reason: string | null;
}

/** What an event says in words, lower-cased: its type, object, actor and reason, then the strings of its data, as far as they fit. */
export function searchText(
  { type, objectType, objectId, actorType, actor, reason }: EventWords,
  data: unknown,
): string {
  const words = new Collected([type, objectType, objectId ?? '', actorType, actor, reason ?? '']);
  collect(data, words, MAX_DEPTH);
  return words.text();
}

class Collected {
  readonly #parts: string[] = [];
  #room = MAX_TEXT;

  constructor(first: readonly string[]) {
    first.forEach((word) => this.add(word));
  }

  get isFull(): boolean {
    return this.#room <= 0;
  }

  add(word: string): void {
    if (word === '' || this.isFull) return;
    this.#parts.push(word.slice(0, this.#room));
    this.#room -= word.length + 1;
  }

  text(): string {
    return this.#parts.join(' ').toLowerCase().replace(/\s+/g, ' ').slice(0, MAX_TEXT);
  }
}

/** A sealed value belongs to a person, and what it says is nobody's to find; bytes have no words. */
function collect(value: unknown, into: Collected, depth: number): void {
  if (typeof value === 'string') into.add(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth === 0) return;
  if (Object.hasOwn(value, '$sealed')) return;
  for (const part of Object.values(value)) {
    if (into.isFull) return;
    collect(part, into, depth - 1);
  }
}
