import { linkTarget, type ResolvedEvent } from './links.js';
import type { ConsumerStrategyName } from './persistent-settings.js';

/** A consumer as a strategy sees it. */
export interface Candidate {
  readonly id: string;
  /** How many more events it takes now. */
  readonly room: number;
}

/** Chooses who gets an event. */
export interface ConsumerStrategy<C extends Candidate> {
  join(consumer: C): void;
  leave(consumer: C): void;
  /** One with room, or undefined where the event has to wait; others may find a consumer meanwhile. */
  choose(event: ResolvedEvent): C | undefined;
}

export function consumerStrategy<C extends Candidate>(name: ConsumerStrategyName): ConsumerStrategy<C> {
  switch (name) {
    case 'RoundRobin':
      return new RoundRobin();
    case 'DispatchToSingle':
      return new DispatchToSingle();
    case 'Pinned':
      return new Pinned(sourceStream);
    case 'PinnedByCorrelation':
      return new Pinned((event) => correlation(event) ?? sourceStream(event));
  }
}

/** One after the other, those without room left out. */
class RoundRobin<C extends Candidate> implements ConsumerStrategy<C> {
  #consumers: C[] = [];

  join(consumer: C): void {
    this.#consumers.push(consumer);
  }

  leave(consumer: C): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  choose(): C | undefined {
    const index = this.#consumers.findIndex(hasRoom);
    if (index === -1) return undefined;
    const passed = this.#consumers.splice(0, index + 1);
    this.#consumers.push(...passed);
    return passed.at(-1);
  }
}

/** The one who has been there longest; the next only where it has no room. */
class DispatchToSingle<C extends Candidate> implements ConsumerStrategy<C> {
  readonly #consumers = new Set<C>();

  join(consumer: C): void {
    this.#consumers.add(consumer);
  }

  leave(consumer: C): void {
    this.#consumers.delete(consumer);
  }

  choose(): C | undefined {
    return [...this.#consumers].find(hasRoom);
  }
}

/**
 * Always the same one for the same key, as long as it stays. Rendezvous hashing (Thaler and Ravishankar, 1996): who comes takes
 * a fair share of the keys over, who goes leaves only its own to the others.
 */
class Pinned<C extends Candidate> implements ConsumerStrategy<C> {
  readonly #consumers = new Map<C, number>();

  constructor(private readonly key: (event: ResolvedEvent) => string) {}

  join(consumer: C): void {
    this.#consumers.set(consumer, hash(consumer.id));
  }

  leave(consumer: C): void {
    this.#consumers.delete(consumer);
  }

  choose(event: ResolvedEvent): C | undefined {
    const key = hash(this.key(event));
    let chosen: C | undefined;
    let highest = -1;
    for (const [consumer, salt] of this.#consumers) {
      const weight = scatter(key ^ salt);
      if (weight <= highest) continue;
      highest = weight;
      chosen = consumer;
    }
    return chosen && hasRoom(chosen) ? chosen : undefined;
  }
}

function hasRoom(consumer: Candidate): boolean {
  return consumer.room > 0;
}

/** The stream that the event was first written to, also where a link leads to it or leads nowhere any more. */
function sourceStream({ event, link }: ResolvedEvent): string {
  const original = (event ?? link)!;
  return linkTarget(original)?.stream ?? original.stream;
}

function correlation({ event, link }: ResolvedEvent): string | undefined {
  const id = (event ?? link)?.metadata as { $correlationId?: unknown } | undefined;
  return typeof id?.$correlationId === 'string' ? id.$correlationId : undefined;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return scatter(value);
}

/** Spreads small differences over all bits: the end of MurmurHash3. */
function scatter(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
