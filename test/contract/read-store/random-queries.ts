import fc from 'fast-check';
import type { Json, JsonObject } from '#kernel/json';
import type { Filter, Sort } from '#platform/read-store/read-store.port';

/** What the values of documents may be: engines answer differently from indexes that have met objects or arrays. */
export type Flavour = 'scalars' | 'objects' | 'arrays';

const scalar = fc.constantFrom<Json>(
  ...[null, true, false, 0, -0, 1, 2, 3, -1.5, 1e21, 2 ** 53, 5e-324],
  ...['', 'a', 'b', 'ab', 'B', 'a\nb', '\u0000', '\uffff', '😀', '\ud800', '�', 'é'],
);
const small = fc.constantFrom<Json>(0, 1, 2, 'a', 'b', null, true);

function valueOf(flavour: Flavour, depth: number): fc.Arbitrary<Json> {
  const choices: fc.WeightedArbitrary<Json>[] = [
    { weight: 4, arbitrary: small },
    { weight: 2, arbitrary: scalar },
  ];
  if (flavour !== 'scalars' && depth > 0) choices.push({ weight: 2, arbitrary: objectOf(flavour, depth - 1) });
  if (flavour === 'arrays' && depth > 0) {
    choices.push({ weight: 2, arbitrary: fc.array(valueOf(flavour, depth - 1), { maxLength: 3 }) });
  }
  return fc.oneof(...choices);
}

function objectOf(flavour: Flavour, depth: number): fc.Arbitrary<JsonObject> {
  const value = valueOf(flavour, depth);
  return fc.record({ a: value, b: value, c: value, d: value }, { requiredKeys: [], noNullPrototype: true });
}

/** Documents with fields a to d; d is never an array, so that collections of all kinds have an index that is sure. */
export function documents(flavour: Flavour): fc.Arbitrary<JsonObject[]> {
  const nested = valueOf(flavour, 3);
  const document = fc.record(
    { a: nested, b: nested, c: nested, d: valueOf(flavour === 'arrays' ? 'objects' : flavour, 1) },
    { requiredKeys: [], noNullPrototype: true },
  );
  return fc.array(document, { minLength: 1, maxLength: 25 });
}

/** Indexed ones, alone and together with others, and ones that are not. */
export const INDEXES = [
  { fields: ['a'] },
  { fields: ['a.b'] },
  { fields: ['b', 'c'] },
  { fields: ['d'] },
  { fields: ['d', 'b'] },
];
const path = fc.constantFrom('a', 'b', 'c', 'd', 'a.b', 'a.b.c', 'a.0', 'c.d', 'b.0.a', 'zz');

const operand = fc.oneof(
  { weight: 5, arbitrary: small },
  { weight: 3, arbitrary: scalar },
  { weight: 1, arbitrary: valueOf('arrays', 2) },
);
const list = fc.array(operand, { maxLength: 4 });

function operators(depth: number): fc.Arbitrary<JsonObject> {
  const single = fc.oneof(
    fc.tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), operand),
    fc.tuple(fc.constantFrom('$in', '$nin', '$all'), list),
    fc.tuple(fc.constant('$exists'), fc.boolean()),
    fc.tuple(fc.constant('$size'), fc.nat(3)),
    fc.tuple(fc.constant('$regex'), fc.constantFrom('a', '^a', '^ab', '^ab?$', '^a|b', 'b$', '^.$', 'A|b')),
    ...(depth > 0
      ? [
          fc.tuple(fc.constant('$not'), operators(depth - 1)),
          fc.tuple(fc.constant('$elemMatch'), fc.oneof(operators(depth - 1), filters(depth - 1))),
          fc.tuple(
            fc.constant('$all'),
            fc.array(
              operators(0).map((inner) => ({ $elemMatch: inner })),
              { maxLength: 2 },
            ),
          ),
        ]
      : []),
  );
  return fc
    .array(single as fc.Arbitrary<[string, Json]>, { minLength: 1, maxLength: 2 })
    .map((entries) => Object.fromEntries(entries));
}

/** Valid filters over the same paths. */
export function filters(depth = 2): fc.Arbitrary<Filter> {
  const onField = fc.tuple(path, fc.oneof(small, operators(depth)));
  const onId = fc.tuple(fc.constant('_id'), fc.oneof(fc.constantFrom('d3', 'd7'), operators(0)));
  const combined =
    depth > 0
      ? [fc.tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(filters(depth - 1), { minLength: 1, maxLength: 3 }))]
      : [];
  const entry = fc.oneof({ weight: 8, arbitrary: onField }, { weight: 1, arbitrary: onId }, ...combined);
  return fc
    .array(entry as fc.Arbitrary<[string, Json]>, { maxLength: 2 })
    .map((entries) => Object.fromEntries(entries));
}

export const sorts: fc.Arbitrary<Sort> = fc
  .array(fc.tuple(fc.oneof(path, fc.constant('_id')), fc.constantFrom<1 | -1>(1, -1)), { maxLength: 2 })
  .map((entries) => Object.fromEntries(entries));
