import { setImmediate } from 'node:timers/promises';
import type { Recorded } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import { MerkleTree } from '#platform/merkle/merkle-tree';
import { leafHashOf } from '../tree/leaf.js';
import { COMPARED, firstDifference, type HashedEvent, nameOf } from './first-difference.js';
import { KeptHashes } from './kept-hashes.js';
import { type KnownHead, knownHeads } from './known-heads.js';
import { readableEvents } from './readable-events.js';
import type { Finding, NamedEvent, StoreVerification, VerifyOptions } from './verification.js';

/**
 * Computes the tree over the store's events anew and compares it with every signed head; where one differs, it names the first event
 * that was changed, removed, inserted or moved, as exactly as the kept hashes allow. Needs no private key, and changes nothing. Give
 * it `STORED_EVENTS`. Rejects with StoreUnavailable where a server does not answer; damage of a file is a finding.
 */
export async function verifyStore(store: EventStore, options: VerifyOptions): Promise<StoreVerification> {
  const { heads, findings } = await knownHeads(store, options.publicKeys, options.notes);
  return new StoreWalk(heads, [...findings], await KeptHashes.open(options.tiles)).run(store, options);
}

/** The first event whose hash is not the kept one. */
interface Suspicion {
  readonly index: number;
  readonly before: NamedEvent | undefined;
  /** The tree before it. */
  readonly tree: MerkleTree;
  /** The events from there on. */
  readonly events: HashedEvent[];
}

class StoreWalk {
  readonly #tree = new MerkleTree();
  /** The next head to be checked. */
  #next = 0;
  #covered = 0;
  #firstUncovered: NamedEvent | undefined;
  #last: NamedEvent | undefined;
  #suspicion: Suspicion | undefined;
  /** The head whose root is another one. */
  #refuted: KnownHead | undefined;

  constructor(
    private readonly heads: readonly KnownHead[],
    private readonly findings: Finding[],
    private readonly kept: KeptHashes,
  ) {
    while (this.heads[this.#next]?.size === 0) this.#next++;
  }

  async run(store: EventStore, { onProgress, signal }: VerifyOptions): Promise<StoreVerification> {
    const total = Math.max(this.heads.at(-1)?.size ?? 0, this.kept.size);
    let isWhole = true;
    for await (const { events, damage } of readableEvents(store)) {
      signal?.throwIfAborted();
      for (const event of events) if (!this.#isDecided) await this.#take(event);
      onProgress?.({ done: this.#tree.size, total });
      if (damage !== undefined) await this.#breakOff(damage);
      isWhole = damage === undefined && !this.#isDecided;
      if (!isWhole) break;
      await setImmediate();
    }
    if (isWhole || this.#refuted) await this.#conclude();
    return this.#result(isWhole && !this.#refuted);
  }

  /** Whether what was read says as much as can be said. */
  get #isDecided(): boolean {
    return this.#refuted !== undefined && (this.#suspicion?.events.length ?? COMPARED) >= COMPARED;
  }

  async #take(recorded: Recorded): Promise<void> {
    const index = this.#tree.size;
    const hash = leafHashOf(recorded);
    const kept = this.#suspicion ? undefined : await this.#keptAt(index);
    if (kept && Buffer.compare(kept, hash) !== 0) {
      this.#suspicion = { index, before: this.#last, tree: this.#tree.copy(), events: [] };
    }
    const { position, stream, revision, id, type } = recorded;
    const event = { index, position, stream, revision, id, type };
    if (this.#suspicion && this.#suspicion.events.length < COMPARED) this.#suspicion.events.push({ event, hash });
    this.#tree.addHash(hash);
    this.#last = event;
    if (index === this.#covered) this.#firstUncovered = event;
    const head = this.#refuted ? undefined : this.heads[this.#next];
    if (head?.size === this.#tree.size) this.#check(head);
  }

  #keptAt(index: number): Promise<Uint8Array | undefined> | undefined {
    return index < this.kept.size ? this.kept.at(index) : undefined;
  }

  #check(head: KnownHead): void {
    if (Buffer.compare(head.root, this.#tree.root()) !== 0) {
      this.#refuted = head;
      return;
    }
    this.#next++;
    this.#covered = head.size;
    if (!this.#suspicion) return;
    const detail = `The kept hash of event ${this.#suspicion.index} is wrong; the event itself is as it was signed.`;
    this.#doubtTiles(this.#suspicion.index, detail);
  }

  #doubtTiles(index: number, detail: string): void {
    this.findings.push({ kind: 'tiles', index, detail });
    this.#suspicion = undefined;
    this.kept.giveUp();
  }

  /** At the end of the store, or where it is clear that it is not as it was signed. */
  async #conclude(): Promise<void> {
    const head = this.#refuted ?? this.heads[this.#next];
    const size = this.#tree.size;
    if (head) {
      this.#refuted = head;
      this.findings.push((await this.#difference(head)) ?? this.#somewhere(head));
    } else if (this.#suspicion) {
      const { index } = this.#suspicion;
      const words = 'differs from its kept hash. Nobody has signed it yet, so that neither is proven right';
      this.#doubtTiles(index, `${nameOf(this.#suspicion.events[0]!.event)} ${words}.`);
    } else if (this.kept.size > size) {
      const gone = this.kept.size - size;
      this.#doubtTiles(size, `Behind the last event ${gone} kept hashes have no event: they were removed unsigned.`);
    }
  }

  /** What differs first, if the head shows that the kept hashes are right up to it. */
  async #difference(head: KnownHead): Promise<Finding | undefined> {
    const size = this.#tree.size;
    const { index, before, tree, events } = this.#suspicion ?? {
      ...{ index: size, before: this.#last, tree: this.#tree, events: [] },
    };
    if (index >= head.size) return undefined;
    const root = await this.kept.rootAfter(tree, head.size);
    if (!root || Buffer.compare(root, head.root) !== 0) return undefined;
    return firstDifference(index, before, events, await this.kept.some(index, COMPARED), head.size);
  }

  #somewhere(head: KnownHead): Finding {
    const { size } = this.#tree;
    const range = { from: this.#covered, to: head.size };
    const named = {
      ...(this.#firstUncovered && this.#covered < size && { first: this.#firstUncovered }),
      ...(this.#last && { last: this.#last }),
    };
    const words = size < head.size ? `the log has ${size} events, and ${head.size} were signed` : 'the root is another';
    const place = `Between event ${range.from} and event ${range.to - 1}`;
    const detail = `${place} something was changed, removed or inserted: by ${head.from} of ${head.at} ${words}.`;
    return { kind: 'somewhere', range, ...named, detail };
  }

  async #breakOff(damage: string): Promise<void> {
    const index = this.#tree.size;
    const head = this.#refuted ?? this.heads[this.#next];
    const first = this.#suspicion && head ? await this.#difference(head) : undefined;
    if (first) this.findings.push(first);
    const after = this.#last ? ` after ${nameOf(this.#last)}` : '';
    const detail = `The store cannot be read from event ${index} on${after}: ${damage}`;
    this.findings.push({ kind: 'unreadable', index, ...(this.#last && { before: this.#last }), detail });
    this.#refuted = undefined;
  }

  #result(isWhole: boolean): StoreVerification {
    const { findings, heads } = this;
    const events = this.#tree.size;
    return {
      intact: findings.length === 0 && (heads.length > 0 || events === 0),
      events,
      ...(isWhole && { root: Buffer.from(this.#tree.root()).toString('base64') }),
      ...{ heads: heads.length, covered: this.#covered, uncovered: events - this.#covered, findings },
    };
  }
}
