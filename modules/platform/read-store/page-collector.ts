import type { DocumentOrder, OrderKey } from './document-order.js';
import type { Stored } from './read-store.port.js';

/** Gathers the documents of a page. */
export interface Collector {
  /** Takes further documents; true when no more are needed. */
  take(documents: readonly Stored[]): boolean;
  result(): readonly Stored[];
}

/** The first so many of documents that come in order. */
export class PageOf implements Collector {
  readonly #page: Stored[] = [];

  constructor(private readonly limit: number) {}

  take(documents: readonly Stored[]): boolean {
    this.#page.push(...documents.slice(0, this.limit - this.#page.length));
    return this.#page.length === this.limit;
  }

  result(): readonly Stored[] {
    return this.#page;
  }
}

interface Placed {
  readonly stored: Stored;
  readonly key: OrderKey;
}

/** The first so many after a place, of documents that come in any order; keeps few more than it gives. */
export class TopOf implements Collector {
  #kept: Placed[] = [];

  constructor(
    private readonly limit: number,
    private readonly order: DocumentOrder,
    private readonly after?: OrderKey,
  ) {}

  take(documents: readonly Stored[]): boolean {
    for (const stored of documents) {
      const key = this.order.keyOf(stored);
      if (this.after && this.order.compare(key, this.after) <= 0) continue;
      this.#kept.push({ stored, key });
    }
    if (this.#kept.length > 2 * this.limit) this.#cut();
    return false;
  }

  result(): readonly Stored[] {
    this.#cut();
    return this.#kept.map(({ stored }) => stored);
  }

  #cut(): void {
    this.#kept = this.#kept.sort((a, b) => this.order.compare(a.key, b.key)).slice(0, this.limit);
  }
}
