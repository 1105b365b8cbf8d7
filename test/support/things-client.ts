import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '#kernel/json';

export type ListedThing = JsonObject & { $id: string; $type: string; $revision: number };

export interface HistoryItem {
  readonly type: string;
  readonly occurredAt: string;
  readonly reason?: string;
  readonly data: { readonly data?: JsonObject; readonly set?: JsonObject };
}

/** Longest time that projections may take, on a busy machine and slow engines: only what hangs takes longer. */
const SETTLED_WITHIN_MS = 100_000;
const PAUSE_MS = 50;

/** Reads things over HTTP, all pages of them. */
export class ThingsClient {
  constructor(private readonly url: string) {}

  list(noun: string): Promise<ListedThing[]> {
    return this.#pages<ListedThing>(`/api/v1/things/${noun}?limit=1000`);
  }

  history(noun: string, id: string): Promise<HistoryItem[]> {
    return this.#pages<HistoryItem>(`/api/v1/things/${noun}/${encodeURIComponent(id)}/history?limit=1000`);
  }

  async count(noun: string, where: JsonObject = {}): Promise<number> {
    const path = `/api/v1/nouns/${noun}/count?where=${encodeURIComponent(JSON.stringify(where))}`;
    return ((await this.#get(path)) as { count: number }).count;
  }

  /** All things of the noun once the list shows so many of their events: it follows them by moments. */
  async settled(noun: string, events: number): Promise<ListedThing[]> {
    const deadline = performance.now() + SETTLED_WITHIN_MS;
    for (;;) {
      const things = await this.list(noun);
      const found = things.reduce((sum, { $revision }) => sum + $revision + 1, 0);
      if (found === events) return things;
      if (performance.now() > deadline) {
        throw new Error(`The list shows ${found} of ${events} events after ${SETTLED_WITHIN_MS / 1_000} s.`);
      }
      // Who asks without a pause takes the time of those who project.
      await sleep(PAUSE_MS);
    }
  }

  async #pages<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page = (await this.#get(cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path)) as {
        items: Item[];
        next?: string;
      };
      items.push(...page.items);
      cursor = page.next;
    }
    return items;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, this.url));
    if (!response.ok) throw new Error(`GET ${path} answers ${response.status}: ${await response.text()}`);
    return response.json();
  }
}
