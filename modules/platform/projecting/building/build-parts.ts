import { START, type Position } from '#kernel/event';
import type { Write } from '#platform/read-store/read-store.port';
import type { OwnCheckpoint } from '../own-checkpoint.js';
import { parkedKeyId, type ParkedKey } from '../parked-events.js';
import { PARTITIONS, PartitionedPosition } from './partitioned-position.js';
import type { BuildTargetOptions } from './build-target.js';

/** What is folded of a key, as far as storing it is concerned. */
export interface Storable {
  readonly key: string;
  readonly partition: number;
  document: object | null;
  /** Of the last event that is in the document. */
  position: Position;
  parked?: ParkedKey;
  /** Of the last event that is in the record of its parking. */
  parkedPosition: Position;
  /** Whether it is not stored as it is here. */
  unstored: boolean;
  /** Whether nothing of it was ever stored. */
  isNew: boolean;
}

/** Milliseconds in which every part is stored once, so that a kill costs no more than that. */
const ROUND_MS = 3_000;
/** Bytes of JSON, by the size of some, that may be in memory unstored, and altogether. */
const UNSTORED_BYTES = 32 * 2 ** 20;
const KEPT_BYTES = 128 * 2 ** 20;

/** What a build has not stored yet, in parts: each is stored with its place in the checkpoint, in one write. */
export class BuildParts {
  readonly #unstored = Array.from({ length: PARTITIONS }, () => new Map<string, Storable>());
  /** Events that are parked alone, for want of a key; they go with the first part. */
  #alone: Write[] = [];
  #positions: PartitionedPosition;
  #count = 0;
  #next = 0;
  /** Of a document, about: what the latest ones had. */
  #bytes = 200;
  #storedAt = performance.now();
  #storing: Promise<void> = Promise.resolve();
  /** Beyond it, nothing was stored by an earlier run. */
  readonly resumedUntil: Position;

  constructor(
    private readonly options: BuildTargetOptions,
    private readonly checkpoint: OwnCheckpoint,
  ) {
    this.#positions = PartitionedPosition.parse(checkpoint.stored?.position ?? START);
    this.resumedUntil = this.#positions.highest;
  }

  /** All that comes up to here is stored. */
  get lowest(): Position {
    return this.#positions.lowest;
  }

  /** Up to where a part is stored. */
  storedUntil(partition: number): Position {
    return this.#positions.of(partition);
  }

  /** Documents that may be in memory altogether. */
  get mostKept(): number {
    return Math.max(1, Math.min(this.options.maxKept ?? 60_000, KEPT_BYTES / this.#bytes));
  }

  /** Notes that the entry is not stored as it is now. */
  add(entry: Storable): void {
    if (entry.unstored) return;
    entry.unstored = true;
    this.#unstored[entry.partition]!.set(entry.key, entry);
    this.#count++;
  }

  addAlone(write: Write): void {
    this.#alone.push(write);
  }

  /** Resolves when nothing is on its way to the store. */
  settled(): Promise<void> {
    return this.#storing;
  }

  /** Stores what is too much, and goes round all parts in time. All events up to the position are folded. */
  async storeSome(position: Position): Promise<void> {
    const most = Math.min(this.options.maxUnstored ?? 20_000, UNSTORED_BYTES / this.#bytes);
    while (this.#count > most) await this.#store(this.#fullest(), position);
    const now = performance.now();
    if (now - this.#storedAt < ROUND_MS / PARTITIONS) return;
    this.#storedAt = now;
    await this.#store(this.#next, position);
    this.#next = (this.#next + 1) % PARTITIONS;
  }

  /** Resolves when the checkpoint is this one position. */
  async storeAll(position: Position): Promise<void> {
    for (const [part, entries] of this.#unstored.entries()) if (entries.size > 0) await this.#store(part, position);
    await this.#store(0, position);
    await this.#storing;
  }

  #fullest(): number {
    return this.#unstored.reduce((best, part, i) => (part.size > this.#unstored[best]!.size ? i : best), 0);
  }

  /** Begins to store a part, when the one before is stored. Parts that have nothing to store move on with it. */
  async #store(part: number, position: Position): Promise<void> {
    await this.#storing;
    const entries = [...this.#unstored[part]!.values()];
    const writes = [...(part === 0 ? this.#alone : []), ...entries.flatMap((entry) => this.#writesOf(entry))];
    if (entries[0]?.document) this.#bytes += (JSON.stringify(entries[0].document).length - this.#bytes) / 4;
    if (part === 0) this.#alone = [];
    this.#unstored[part] = new Map();
    this.#count -= entries.length;
    const isStored = (i: number): boolean => this.#unstored[i]!.size === 0 && (i > 0 || this.#alone.length === 0);
    this.#positions = this.#positions.movedTo(position, isStored);
    const { version } = this.options.projection;
    this.#storing = this.checkpoint.write(writes, { position: this.#positions.toString(), version });
    this.#storing.catch(() => {}); // told to whoever stores next
  }

  #writesOf(entry: Storable): Write[] {
    const { projection, collection, parked } = this.options;
    const { key, document, isNew, position, parkedPosition } = entry;
    entry.unstored = entry.isNew = false;
    const writes: Write[] = [{ collection, id: key, document, isNew, position }];
    if (!entry.parked) return writes;
    const id = parkedKeyId(projection, key);
    return [...writes, { collection: parked, id, document: entry.parked, position: parkedPosition }];
  }
}
