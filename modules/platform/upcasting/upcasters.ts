import type { DomainEvent, Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { nameOfShape, type EventShape, type Upcaster } from '#kernel/upcaster';

/** All upcasters of this process, chained. The constructor throws, with the line to change, where they contradict each other. */
export class Upcasters {
  readonly #byType = new Map<string, Map<number, Upcaster>>();
  readonly #currentVersions = new Map<string, number>();

  constructor(readonly list: readonly Upcaster[] = []) {
    for (const upcaster of list) this.#add(upcaster);
    for (const upcaster of list) this.#checkChain(upcaster.from, []);
  }

  /** Tells this set of upcasters from others: what was folded from events that it made is stale under another. */
  get fingerprint(): string {
    return this.list.map(({ from, into }) => `${nameOfShape(from)}>${into.map(nameOfShape).join('+')}`).join(' ');
  }

  /** The version that new events of this type have. */
  currentVersion(type: string): number {
    return this.#currentVersions.get(type) ?? 1;
  }

  /** What the stored events are today, in order: an event may have become several, with its id, revision and position, or none. */
  lift(events: readonly Recorded[], direction: 'forwards' | 'backwards' = 'forwards'): readonly Recorded[] {
    if (!events.some((event) => this.#upcasterOf(event))) return events;
    return events.flatMap((event) => {
      const lifted = this.liftOne(event);
      return direction === 'forwards' ? lifted : [...lifted].reverse();
    });
  }

  /** What one stored event is today. */
  liftOne(event: Recorded): readonly Recorded[] {
    const upcaster = this.#upcasterOf(event);
    if (!upcaster) return [event];
    try {
      return upcaster.up(event).flatMap((made) => this.liftOne(shaped(event, made, upcaster)));
    } catch (error) {
      return [unreadable(event, upcaster, error)];
    }
  }

  /** The filter that finds, among stored events, all that may become what this one asks for. */
  storedFilter(filter: EventFilter): EventFilter {
    if (!filter.types || this.list.length === 0) return filter;
    const types = new Set(filter.types);
    for (let before = -1; before < types.size;) {
      before = types.size;
      for (const { from, into } of this.list) if (into.some(({ type }) => types.has(type))) types.add(from.type);
    }
    return { ...filter, types: [...types] };
  }

  #upcasterOf({ type, data, metadata }: Recorded): Upcaster | undefined {
    const versions = this.#byType.get(type);
    // Bytes are somebody else's events, whatever their type is called.
    if (!versions || data instanceof Uint8Array) return undefined;
    return versions.get((metadata as { schemaVersion?: number }).schemaVersion ?? 1);
  }

  #add(upcaster: Upcaster): void {
    const { from, into } = upcaster;
    for (const shape of [from, ...into]) {
      if (!shape.type || !Number.isSafeInteger(shape.version) || shape.version < 1) {
        throw new Error(
          `'${nameOfShape(shape)}' in an upcaster names no version of an event type: write 'task.created@1'.`,
        );
      }
    }
    const earlier = into.find(({ type, version }) => type === from.type && version <= from.version);
    if (earlier) {
      throw new Error(
        `The upcaster of '${nameOfShape(from)}' makes '${nameOfShape(earlier)}': lift into a later version.`,
      );
    }
    const versions = this.#byType.get(from.type) ?? new Map<number, Upcaster>();
    if (versions.has(from.version)) {
      throw new Error(`Two upcasters lift '${nameOfShape(from)}': make one of them, in migrations/events/.`);
    }
    this.#byType.set(from.type, versions.set(from.version, upcaster));
    this.#raise({ ...from, version: from.version + 1 });
    into.forEach((shape) => this.#raise(shape));
  }

  #raise({ type, version }: EventShape): void {
    this.#currentVersions.set(type, Math.max(version, this.currentVersion(type)));
  }

  #checkChain(shape: EventShape, before: readonly string[]): void {
    const name = nameOfShape(shape);
    if (before.includes(name)) {
      throw new Error(
        `Upcasters go round in circles: ${[...before, name].join(' > ')}. Lift into a later version instead.`,
      );
    }
    const next = this.#byType.get(shape.type)?.get(shape.version)?.into ?? [];
    for (const made of next) this.#checkChain(made, [...before, name]);
  }
}

/** The event as the upcaster made it: everything but its content stays that of the stored one. */
function shaped(event: Recorded, { type, data }: DomainEvent, { into }: Upcaster): Recorded {
  const shape = into.find((each) => each.type === type);
  if (!shape) throw new Error(`it makes '${type}', which its list of results does not name`);
  const { id, stream, revision, position, recordedAt, metadata } = event;
  return {
    id,
    type,
    data,
    metadata: { ...metadata, schemaVersion: shape.version },
    stream,
    revision,
    position,
    recordedAt,
  };
}

/**
 * An event that its upcaster throws on: it keeps its place, and whoever wants its content is told. So a projection parks its key and
 * goes on with the others, and an object is not loaded in a wrong state.
 */
function unreadable(event: Recorded, { from }: Upcaster, error: unknown): Recorded {
  return Object.defineProperty({ ...event }, 'data', {
    enumerable: true,
    get(): never {
      throw new UpcasterFailed(event, from, error);
    },
  });
}

/** An upcaster throws on an event that is stored. */
export class UpcasterFailed extends Error {
  constructor({ id, stream, revision }: Recorded, from: EventShape, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `The upcaster of '${nameOfShape(from)}' fails on event ${id} (revision ${revision} of '${stream}'): ${why}. ` +
        'Mend it in migrations/events/; the event itself is as it was.',
      { cause },
    );
    this.name = 'UpcasterFailed';
  }
}
