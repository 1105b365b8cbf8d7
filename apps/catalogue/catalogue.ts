import type { Projection } from '#kernel/projection';
import { nameOfShape, type Upcaster } from '#kernel/upcaster';
import { Upcasters } from '#platform/upcasting/upcasters';
import { consumersOf, followedBy, type Consumers } from './consumers.js';
import { emittersOf, objectNames, type Emitter } from './emitters.js';
import { declaredEvents, type DeclaredEvent } from './event-types.js';
import { readSources } from './sources.js';

/** A shape in which an event may lie in a store. */
export interface StoredShape {
  readonly shape: string;
  /** What is read instead of it: nothing where it was dropped. */
  readonly readAs: readonly string[];
}

/** An event type with all that is known of it. */
export interface CataloguedEvent extends DeclaredEvent, Consumers {
  /** Version of the shape that new events have. */
  readonly version: number;
  /** Older shapes that may still be stored. */
  readonly olderShapes: readonly StoredShape[];
  readonly emittedBy: readonly Emitter[];
}

export interface EventCatalogue {
  readonly events: readonly CataloguedEvent[];
  /** Shapes of types that there are no more: renamed, split or dropped. */
  readonly retired: readonly StoredShape[];
}

/** All event types of the program in this folder. */
export function eventCatalogue(
  root: string,
  projections: readonly Projection<object>[],
  upcasters: readonly Upcaster[],
): EventCatalogue {
  const sources = readSources(root);
  const declared = declaredEvents(sources);
  const types = declared.map(({ type }) => type);
  const emitters = emittersOf(sources, types);
  const followed = followedBy(sources, types);
  const objects = objectNames(sources);
  const versions = new Upcasters(upcasters);
  const events = declared.map((event): CataloguedEvent => {
    const { type } = event;
    const emittedBy = emitters.get(type) ?? [];
    const object =
      emittedBy.find((emitter) => emitter.object)?.object ?? objects.find((name) => type.startsWith(`${name}.`));
    return {
      ...event,
      version: versions.currentVersion(type),
      olderShapes: shapesOf(upcasters, (from) => from === type),
      emittedBy,
      ...consumersOf({ type, object }, projections, followed),
    };
  });
  return { events, retired: shapesOf(upcasters, (from) => !types.includes(from)) };
}

function shapesOf(upcasters: readonly Upcaster[], isWanted: (type: string) => boolean): StoredShape[] {
  return upcasters
    .filter(({ from }) => isWanted(from.type))
    .map(({ from, into }) => ({ shape: nameOfShape(from), readAs: into.map(nameOfShape) }))
    .sort((a, b) => (a.shape < b.shape ? -1 : 1));
}
