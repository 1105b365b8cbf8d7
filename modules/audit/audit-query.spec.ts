import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { audit, type AuditDocument } from '#read-models/audit';
import { auditDays } from '#read-models/audit-days';
import type { Recorded } from '#kernel/event';
import { auditDaysProjection } from '#projections/audit-days.projection';
import { auditProjection } from '#projections/audit.projection';
import { type AuditQuery, eachAudited, explainAudit, MAX_SCANNED, queryAudit } from './audit-query.js';
import { AuditReports } from './audit-report.js';

const DAY = 86_400_000;
const START_OF_LOG = Date.UTC(2026, 0, 1);
const seeded = { seed: 5, numRuns: 150 };

/** Few values each, so that questions have answers, and several events at one moment. */
const madeUpEvent = fc.record({
  tenant: fc.constantFrom('main', 'main', 'main', 'other'),
  noun: fc.constantFrom('Customer', 'Order'),
  id: fc.constantFrom('1', '2', '3-x'),
  verb: fc.constantFrom('created', 'updated', 'paid'),
  actor: fc.constantFrom({ type: 'user', id: 'ada' }, { type: 'user', id: 'bob' }, { type: 'service', id: 'ada' }),
  recorded: fc.integer({ min: 0, max: 40 }).map((n) => START_OF_LOG + (n * DAY) / 8),
  occurred: fc.integer({ min: 0, max: 40 }).map((n) => START_OF_LOG + (n * DAY) / 8),
  correlation: fc.constantFrom('r1', 'r2', 'r3'),
  word: fc.constantFrom('harbour', 'Hamburg', 'road'),
  refused: fc.constantFrom(undefined, undefined, undefined, 'thing-not-found', 'internal-error'),
});
type MadeUp = typeof madeUpEvent extends fc.Arbitrary<infer T> ? T : never;

function recorded(made: MadeUp, n: number): Recorded {
  const { tenant, noun, id, verb, actor, refused, correlation } = made;
  const failed = refused === 'internal-error';
  const metadata = { tenant, actor, commandId: `c${n % 7}`, correlationId: correlation, causationId: correlation };
  const own = { stream: `${tenant}.${noun}-${id}`, type: `${noun}.${verb}`, data: { data: { word: made.word } } };
  const refusal = {
    stream: `${tenant}.audit-2026-01-01`,
    type: failed ? 'audit.commandFailed' : 'audit.commandRefused',
    data: { command: 'X', object: { type: noun, id }, code: refused },
  };
  return {
    ...(refused === undefined ? own : refusal),
    ...{ id: `e${n}`, revision: n, position: String(n + 1), recordedAt: new Date(made.recorded).toISOString() },
    metadata: { ...metadata, schemaVersion: 1, occurredAt: new Date(made.occurred).toISOString() },
  };
}

const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const moment = fc.option(
  fc.integer({ min: -1, max: 45 }).map((n) => START_OF_LOG + (n * DAY) / 8),
  { nil: undefined },
);
const question = fc.record({
  actor: maybe(['ada', 'bob', 'nobody']),
  actorType: maybe(['user', 'service']),
  types: fc.option(
    fc.uniqueArray(fc.constantFrom('Customer.created', 'Order.paid', 'audit.commandRefused', 'none'), { minLength: 1 }),
    { nil: undefined },
  ),
  objectType: maybe(['Customer', 'Order']),
  objectId: maybe(['1', '3-x']),
  correlationId: maybe(['r1', 'r9']),
  commandId: maybe(['c1', 'c2']),
  from: moment,
  to: moment,
  clock: maybe(['recorded', 'occurred'] as const),
  text: maybe(['harbour', 'HAM cust', 'created bob', '']),
  refused: maybe(['only', 'with', 'without'] as const),
});

/** What the question means, event by event. */
function holds(query: AuditQuery, document: AuditDocument): boolean {
  const at = query.clock === 'occurred' ? document.occurredAt : document.recordedAt;
  const same = (['actor', 'actorType', 'objectType', 'objectId', 'correlationId', 'commandId'] as const).every(
    (name) => query[name] === undefined || query[name] === document[name],
  );
  const isRefusal = document.refused !== null;
  return (
    same &&
    (query.types === undefined || query.types.includes(document.type)) &&
    (query.from === undefined || at >= query.from) &&
    (query.to === undefined || at < query.to) &&
    (query.refused !== 'only' || isRefusal) &&
    (query.refused !== 'without' || !isRefusal) &&
    (query.text ?? '').split(' ').every((word) => document.text.includes(word.toLowerCase()))
  );
}

const log = fc.sample(fc.array(madeUpEvent, { minLength: 400, maxLength: 400 }), { seed: 11, numRuns: 1 })[0]!;
const events = log.map(recorded);
const documents = events.map((event) => auditProjection.evolve(null, event)!).filter(({ tenant }) => tenant === 'main');

let store: SqliteReadStore;
beforeAll(async () => {
  store = await SqliteReadStore.open(':memory:');
  for (const { readModel, key, evolve } of [auditProjection, auditDaysProjection] as never as {
    readModel: typeof audit;
    key: (event: Recorded) => string | null;
    evolve: (document: object | null, event: Recorded) => object;
  }[]) {
    await store.define(readModel);
    const folded = new Map<string, object>();
    for (const event of events) {
      const id = key(event);
      if (id !== null) folded.set(id, evolve(folded.get(id) ?? null, event));
    }
    await store.write([...folded].map(([id, document]) => ({ collection: readModel.name, id, document })));
  }
});
afterAll(() => store.close());

describe('questions to the audit', () => {
  it('find what looking at every event finds, in order, page by page', async () => {
    const page = fc.record({ limit: fc.integer({ min: 1, max: 50 }), order: maybe(['asc', 'desc'] as const) });
    await fc.assert(
      fc.asyncProperty(question, page, async (query, { limit, order }) => {
        const at = (document: AuditDocument) =>
          query.clock === 'occurred' ? document.occurredAt : document.recordedAt;
        const expected = documents
          .filter((document) => holds(query, document))
          .sort((a, b) => at(a) - at(b) || Number(a.position) - Number(b.position));
        const found: AuditDocument[] = [];
        for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
          const { items, next } = await queryAudit(store, 'main', { ...query, limit, order, cursor });
          expect(items.length).toBeLessThanOrEqual(limit);
          found.push(...items);
          cursor = next;
        }
        const places = (list: AuditDocument[]) => list.map(({ position }) => position);
        expect(places(found)).toEqual(places(order === 'desc' ? expected.toReversed() : expected));
        const each = await Array.fromAsync(eachAudited(store, 'main', query));
        expect(places(each)).toEqual(places(expected));
      }),
      seeded,
    );
  });

  it('are answered by an index where they name anything', async () => {
    const plan = (query: AuditQuery & { order?: 'asc' | 'desc' }) => explainAudit(store, 'main', query);
    for (const clock of ['recorded', 'occurred'] as const) {
      const time = `${clock}At`;
      await expect(plan({ clock, from: 5 })).resolves.toEqual({ exact: true, index: `tenant,${time}` });
      await expect(plan({ clock, order: 'desc' })).resolves.toEqual({ exact: true, index: `tenant,${time}` });
      for (const name of ['objectId', 'correlationId', 'commandId'])
        await expect(plan({ clock, [name]: 'x' })).resolves.toEqual({
          exact: true,
          index: `tenant,${name},recordedAt`,
        });
    }
    for (const name of ['actor', 'actorType', 'objectType'])
      await expect(plan({ [name]: 'x' })).resolves.toEqual({ exact: true, index: `tenant,${name},recordedAt` });
    await expect(plan({ types: ['x'] })).resolves.toEqual({ exact: true, index: 'tenant,type,recordedAt' });
    await expect(plan({ actor: 'x', clock: 'occurred' })).resolves.toEqual({ exact: true, index: 'tenant,occurredAt' });
  });

  it('go on only with a cursor of their own', async () => {
    const { next } = await queryAudit(store, 'main', { limit: 1 });
    for (const [tenant, query] of [
      ['main', { actor: 'ada', cursor: next }],
      ['other', { cursor: next }],
      ['main', { cursor: 'x' }],
    ] as const)
      await expect(queryAudit(store, tenant, { limit: 1, ...query })).rejects.toMatchObject({ code: 'invalid-cursor' });
  });

  it('look at a bounded number of events for a text, and go on behind them', async () => {
    const many = await SqliteReadStore.open(':memory:');
    await many.define(audit);
    const document = { ...documents[0]!, text: 'hay' };
    const hay = Array.from({ length: MAX_SCANNED + 5 }, (_, n) => ({
      collection: audit.name,
      id: String(n).padStart(20, '0'),
      document: n === MAX_SCANNED + 2 ? { ...document, text: 'needle' } : document,
    }));
    await many.write(hay);
    const first = await queryAudit(many, 'main', { text: 'needle', limit: 10 });
    expect(first).toMatchObject({ items: [], next: expect.any(String) });
    const second = await queryAudit(many, 'main', { text: 'needle', limit: 10, cursor: first.next });
    expect(second.items).toMatchObject([{ text: 'needle' }]);
    expect(second.next).toBeUndefined();
    await many.close();
  });
});

describe('the report of a period', () => {
  it('counts what looking at every event counts, whatever the hours it begins and ends at', async () => {
    const period = fc
      .tuple(fc.integer({ min: -9, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 3 }))
      .map(([from, length, odd]) => ({
        from: START_OF_LOG + (from * DAY) / 8 - odd,
        to: START_OF_LOG + ((from + length) * DAY) / 8 + odd,
      }));
    await fc.assert(
      fc.asyncProperty(period, async ({ from, to }) => {
        const report = await new AuditReports(store).report('main', { from, to }, 100);
        const within = documents.filter((document) => holds({ from, to }, document));
        const counts = (of: (document: AuditDocument) => string | undefined) => {
          const groups = Map.groupBy(within, of);
          groups.delete(undefined);
          return Object.fromEntries([...groups].map(([key, members]) => [key!, members.length]));
        };
        const listed = (list: readonly object[], name: string) =>
          Object.fromEntries(list.map((line) => [(line as never)[name], (line as { events: number }).events]));
        expect(report.events).toBe(within.length);
        expect(
          Object.fromEntries(report.byActor.map(({ actor, events: n }) => [`${actor.type}:${actor.id}`, n])),
        ).toEqual(counts(({ actorType, actor }) => `${actorType}:${actor}`));
        expect(listed(report.byType, 'type')).toEqual(counts(({ type }) => type));
        expect(listed(report.byObjectType, 'objectType')).toEqual(counts(({ objectType }) => objectType));
        expect(listed(report.byDay, 'day')).toEqual(
          counts(({ recordedAt }) => new Date(recordedAt).toISOString().slice(0, 10)),
        );
        const refusals = counts(({ refused, type }) => (type === 'audit.commandRefused' ? refused! : undefined));
        const failures = counts(({ refused, type }) => (type === 'audit.commandFailed' ? refused! : undefined));
        expect([listed(report.refusals, 'code'), listed(report.failures, 'code')]).toEqual([refusals, failures]);
        const places = within.map(({ position }) => Number(position));
        expect(Number(report.first?.position ?? Infinity)).toBe(Math.min(...places));
        expect(Number(report.last?.position ?? -Infinity)).toBe(Math.max(...places));
      }),
      seeded,
    );
  });

  it('has as many lines as are asked for, the largest first', async () => {
    const period = { from: START_OF_LOG, to: START_OF_LOG + 10 * DAY };
    const { byActor, actors } = await new AuditReports(store).report('main', period, 2);
    expect(byActor).toHaveLength(2);
    expect(byActor[0]!.events).toBeGreaterThanOrEqual(byActor[1]!.events);
    expect(actors).toBe(3);
  });

  it('reads the kept counts by day', async () => {
    const query = { filter: { tenant: 'main', day: { $gte: 'a', $lt: 'b' } }, sort: { day: 1 as const } };
    await expect(store.explain(auditDays.name, query)).resolves.toEqual({ exact: true, index: 'tenant,day' });
  });
});
