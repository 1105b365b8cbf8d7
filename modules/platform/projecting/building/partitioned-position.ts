import { comparePositions, START, type Position } from '#kernel/event';

/** Parts of a build that are stored each in its turn: a write holds so many documents that it does not hold up the event loop. */
export const PARTITIONS = 64;

/** The part that a key belongs to: FNV-1a. */
export function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % PARTITIONS;
}

/** How far each part is that is stored. A checkpoint keeps it as one text: a single position where all parts are equally far. */
export class PartitionedPosition {
  readonly #parts: Position[];

  static parse(text: Position): PartitionedPosition {
    const parts = text.split(',');
    return new PartitionedPosition(parts.length === PARTITIONS ? parts : Array<Position>(PARTITIONS).fill(parts[0]!));
  }

  private constructor(parts: Position[]) {
    this.#parts = parts;
  }

  of(partition: number): Position {
    return this.#parts[partition]!;
  }

  get lowest(): Position {
    return this.#parts.reduce((a, b) => (comparePositions(a, b) <= 0 ? a : b));
  }

  get highest(): Position {
    return this.#parts.reduce((a, b) => (comparePositions(a, b) >= 0 ? a : b), START);
  }

  /** The same with those parts further on that `isStored` names. */
  movedTo(position: Position, isStored: (partition: number) => boolean): PartitionedPosition {
    const further = (part: Position, i: number): Position =>
      isStored(i) && comparePositions(position, part) > 0 ? position : part;
    return new PartitionedPosition(this.#parts.map(further));
  }

  toString(): string {
    return this.#parts.every((part) => part === this.#parts[0]) ? this.#parts[0]! : this.#parts.join(',');
  }
}
