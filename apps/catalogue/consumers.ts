import ts from 'typescript';
import type { Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import { pathOf, type Sources, walk } from './sources.js';

/** Who is told of events of a type. */
export interface Consumers {
  /** Names of projections. */
  readonly projections: readonly string[];
  /** Files of others that follow such events: subscribers. */
  readonly subscribers: readonly string[];
}

/** The event type and the object type that it belongs to, where it has one. */
export interface Emitted {
  readonly type: string;
  readonly object?: string;
}

/** Who consumes the events of this type. */
export function consumersOf(
  { type, object }: Emitted,
  projections: readonly Projection<object>[],
  followed: ReadonlyMap<string, ReadonlySet<string>>,
): Consumers {
  const sample = sampleOf(type, object);
  const names = projections.filter((each) => takes(each, sample)).map(({ name }) => name);
  const subscribers = [...followed].flatMap(([file, wanted]) =>
    wanted.has(type) || (object !== undefined && wanted.has(`main.${object}-`)) ? [file] : [],
  );
  return { projections: names.sort(), subscribers };
}

/** What the files of the modules follow: the types and the beginnings of streams in the filters that they write down, by path. */
export function followedBy(sources: Sources, types: readonly string[]): Map<string, Set<string>> {
  const known = new Set(types);
  const followed = new Map<string, Set<string>>();
  for (const file of sources.files) {
    const wanted = new Set<string>();
    walk(file, (node) => {
      if (!ts.isStringLiteral(node)) return;
      const isType = known.has(node.text) && isInFilter(node);
      if (isType || /^main\.[a-z]\w*-$/.test(node.text)) wanted.add(node.text);
    });
    if (wanted.size > 0) followed.set(pathOf(sources, file), wanted);
  }
  return followed;
}

/** Whether the text stands in a list called `types`, as in a filter. */
function isInFilter({ parent }: ts.Node): boolean {
  if (!ts.isArrayLiteralExpression(parent) || !ts.isPropertyAssignment(parent.parent)) return false;
  return parent.parent.name.getText() === 'types';
}

/** An event of the type without data: enough for a projection to tell whether it matters. */
function sampleOf(type: string, object?: string): Recorded {
  // What users name has no stream of an object type's own.
  const noun = type.startsWith('*') || object === undefined ? 'Sample' : object;
  return {
    id: '00000000-0000-8000-8000-000000000000',
    type: type.replace('*', noun).replace('*', 'sampled'),
    data: {},
    stream: `main.${noun}-sample`,
    revision: 0,
    position: '1',
    recordedAt: '2026-01-01T00:00:00.000Z',
    metadata: {
      ...{ tenant: 'main', actor: { type: 'user', id: 'sample' }, schemaVersion: 1 },
      ...{ commandId: 'sample', correlationId: 'sample', causationId: 'sample' },
      occurredAt: '2026-01-01T00:00:00.000Z',
    },
  };
}

function takes(projection: Projection<object>, event: Recorded): boolean {
  const { filter } = projection;
  if (filter?.types && !filter.types.includes(event.type)) return false;
  if (filter?.streamPrefixes && !filter.streamPrefixes.some((prefix) => event.stream.startsWith(prefix))) return false;
  try {
    return projection.key(event) !== null;
  } catch {
    return true; // it has looked into the data, which it would not do for nothing
  }
}
