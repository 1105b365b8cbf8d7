import fc from 'fast-check';
import type { Attributed, EventOf, Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';
import { objectType } from '#kernel/object-type';
import { segmentsOf } from '#kernel/personal';
import { upcaster } from '#kernel/upcaster';
import { pointerTo } from '#platform/commands/json-fields';

/** A document whose every part can be set and removed. */
export type Doc = { status: 'absent' } | { status: 'there'; data: JsonObject };
export type DocEvent = EventOf<'doc.put', { path: string[]; value: Json }> | EventOf<'doc.removed', { path: string[] }>;

function put(target: Json | undefined, [name, ...rest]: string[], value: Json | undefined): Json | undefined {
  if (name === undefined) return value;
  if (Array.isArray(target)) {
    const index = Math.min(Number(name) || 0, target.length);
    const next = put(target[index], rest, value);
    return next === undefined ? target.toSpliced(index, 1) : target.toSpliced(index, 1, next);
  }
  const object = typeof target === 'object' && target !== null ? target : {};
  const next = put(object[name], rest, value);
  const { [name]: _, ...others } = object;
  return next === undefined ? others : { ...object, [name]: next };
}

export const doc = objectType<Doc, DocEvent>('doc', { status: 'absent' }, (state, event: Attributed<DocEvent>) => {
  const data = state.status === 'absent' ? {} : state.data;
  const value = event.type === 'doc.put' ? event.data.value : undefined;
  return { status: 'there', data: put(data, event.data.path, value) as JsonObject };
});

/** What was stored in older shapes: one event of two, and one that says nothing any more. */
export const upcasters = [
  upcaster<{ first: string[]; second: string[]; value: Json }>('doc.both@1', ['doc.put@1'], ({ data }) => [
    { type: 'doc.put', data: { path: data.first, value: data.value } },
    { type: 'doc.put', data: { path: data.second, value: data.value } },
  ]),
  upcaster('doc.looked@1', [], () => []),
];

/** Of the document that everything happens to. */
export const stream = 'main.doc-a';
/** When time begins. */
export const START = Date.parse('2026-01-01T00:00:00Z');
const iso = (second: number) => new Date(START + second * 1_000).toISOString();

/** An event, before it has its place. */
export interface Made {
  readonly type: string;
  readonly data: object;
  readonly recorded: number;
  readonly occurred: number;
  readonly actor: string;
}

export function stored({ type, data, recorded, occurred, actor }: Made, revision: number): Recorded {
  const metadata = { occurredAt: iso(occurred), actor: { type: 'user', id: actor } } as Recorded['metadata'];
  const common = { id: systemIds.next(), stream, revision, position: String(revision + 1), recordedAt: iso(recorded) };
  return { ...common, type, data, metadata };
}

const key = fc.constantFrom('a', 'b', 'c/d~');
const path = fc.array(key, { minLength: 1, maxLength: 3 });
const scalar = fc.constantFrom<Json>(0, 1, 'x', null, true, {}, []);
const list = fc.array(fc.constantFrom<Json>(1, 2, { a: 1 }, { a: 2 }), { maxLength: 4 });
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('doc.put'), data: fc.record({ path, value: scalar }) }) },
  // Lists have places of their own: there an object never takes the place of a list.
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('doc.put'),
      data: fc.record({ path: fc.constant(['list']), value: list }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('doc.removed'), data: fc.record({ path }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('doc.both'),
      data: fc.record({ first: path, second: path, value: scalar }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('doc.looked'), data: fc.constant({}) }) },
);
/** A time, in seconds after the beginning. */
export const second = fc.integer({ min: 0, max: 30 });
const made = fc
  .tuple(change, fc.record({ recorded: second, occurred: second, actor: fc.constantFrom('ada', 'eve') }))
  .map(([what, more]): Made => ({ ...what, ...more }));
/** What may have happened to a document: its events are in the order in which they are stored. */
export const histories = fc.array(made, { minLength: 1, maxLength: 25, size: 'max' });

/** The value at a JSON pointer; undefined where there is none. */
function valueAt(value: Json | undefined, pointer: string): Json | undefined {
  let part = value;
  for (const name of segmentsOf(pointer)) {
    part = typeof part === 'object' && part !== null ? (part as Record<string, Json>)[name] : undefined;
  }
  return part;
}

/** What stands at a pointer, and whether it stands in objects or lists: another kind of whole replaces all its parts. */
export function shownAt(state: Doc, pointer: string): string {
  const kinds = segmentsOf(pointer).map((_, depth, names) => {
    const above = valueAt(state, names.slice(0, depth).reduce<string>(pointerTo, ''));
    return typeof above === 'object' && above !== null ? (Array.isArray(above) ? 'list' : 'object') : above;
  });
  const value = valueAt(state, pointer);
  return JSON.stringify([...kinds.map((kind) => kind ?? 'nothing'), value === undefined ? [] : [value]]);
}

/** All leaves by their pointers. */
export function leavesOf(value: Json, pointer = ''): [string, Json][] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return parts.length === 0
    ? [[pointer, value]]
    : parts.flatMap(([name, part]) => leavesOf(part, pointerTo(pointer, name)));
}
