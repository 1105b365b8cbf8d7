import { Inject, Injectable } from '@nestjs/common';
import { comparePositions } from '#kernel/event';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import type { AuditDocument } from '#read-models/audit';
import { auditDays, type AuditDayDocument, type AuditMoment } from '#read-models/audit-days';
import { eachAudited } from './audit-query.js';
import type { AuditReport } from './audit-report-form.js';

const DAY = 86_400_000;
const PAGE = 1_000;

/** Unix milliseconds, without the end. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Sums up a period. Whole days come from counts that are kept, the hours at both ends from the events themselves: all is exact. */
@Injectable()
export class AuditReports {
  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  /** Counts what was recorded in the period; lists have at most `top` lines. */
  async report(tenant: string, period: Span, top: number): Promise<AuditReport> {
    const tally = new Tally();
    const [days, edges] = split(period);
    if (days) for await (const group of within(this.store, tenant, days)) tally.addGroup(group);
    for (const edge of edges) {
      if (await this.#addDay(tenant, edge, tally)) continue;
      for await (const document of eachAudited(this.store, tenant, edge)) tally.addEvent(document);
    }
    return tally.report(period, top);
  }

  /** Whether the part of a day has all events of that day, as it mostly has up to now: then its counts are those of the day. */
  async #addDay(tenant: string, { from, to }: Span, tally: Tally): Promise<boolean> {
    const day = { from: Math.floor(from / DAY) * DAY, to: Math.ceil(to / DAY) * DAY };
    const groups = await Array.fromAsync(within(this.store, tenant, day));
    if (groups.some(({ earliest, latest }) => earliest < from || latest >= to)) return false;
    groups.forEach((group) => tally.addGroup(group));
    return true;
  }
}

/** The whole days of a period, and the parts of days at its ends. */
function split({ from, to }: Span): [Span | undefined, Span[]] {
  const first = Math.ceil(from / DAY) * DAY;
  const end = Math.floor(to / DAY) * DAY;
  if (first > end) return [undefined, [{ from, to }]];
  const edges = [
    { from, to: first },
    { from: end, to },
  ];
  return [first < end ? { from: first, to: end } : undefined, edges.filter((edge) => edge.from < edge.to)];
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The kept counts of whole days. */
async function* within(store: ReadStore, tenant: string, { from, to }: Span): AsyncGenerator<AuditDayDocument> {
  const filter = { tenant, day: { $gte: dayOf(from), $lt: dayOf(to) } };
  let cursor: string | undefined;
  do {
    const page = await store.query<AuditDayDocument>(auditDays.name, { filter, sort: { day: 1 }, limit: PAGE, cursor });
    for (const { document } of page.items) yield document;
    cursor = page.next;
  } while (cursor !== undefined);
}

type Group = Omit<AuditDayDocument, 'tenant' | 'earliest' | 'latest'>;

class Tally {
  readonly #counts = {
    byActor: new Map<string, number>(),
    byType: new Map<string, number>(),
    byObjectType: new Map<string, number>(),
    byDay: new Map<string, number>(),
    refusals: new Map<string, number>(),
    failures: new Map<string, number>(),
  };
  #events = 0;
  #first: AuditMoment | undefined;
  #last: AuditMoment | undefined;

  addEvent(document: AuditDocument): void {
    const moment = { position: document.position, at: document.recordedAt };
    this.addGroup({ ...document, day: dayOf(document.recordedAt), count: 1, first: moment, last: moment });
  }

  addGroup({ day, actorType, actor, type, objectType, refused, count, first, last }: Group): void {
    const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + count);
    add(this.#counts.byActor, JSON.stringify([actorType, actor]));
    add(this.#counts.byType, type);
    add(this.#counts.byObjectType, objectType);
    add(this.#counts.byDay, day);
    if (refused !== null) add(type === 'audit.commandFailed' ? this.#counts.failures : this.#counts.refusals, refused);
    this.#events += count;
    if (!this.#first || comparePositions(first.position, this.#first.position) < 0) this.#first = first;
    if (!this.#last || comparePositions(last.position, this.#last.position) > 0) this.#last = last;
  }

  report({ from, to }: Span, top: number): AuditReport {
    const { byActor, byType, byObjectType, byDay, refusals, failures } = this.#counts;
    const named = (name: string) => (counts: Map<string, number>) =>
      ranked(counts, top).map(([key, events]) => ({ [name]: key, events }));
    const [types, objectTypes, codes] = [named('type'), named('objectType'), named('code')];
    return {
      ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString(), clock: 'recorded' as const },
      ...{ events: this.#events, refused: sum(refusals), failed: sum(failures) },
      actors: byActor.size,
      ...(this.#first && { first: momentOf(this.#first) }),
      ...(this.#last && { last: momentOf(this.#last) }),
      byActor: ranked(byActor, top).map(([key, events]) => {
        const [type, id] = JSON.parse(key) as [string, string];
        return { actor: { type, id }, events };
      }),
      ...{ byType: types(byType), byObjectType: objectTypes(byObjectType) },
      byDay: [...byDay].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, events]) => ({ day, events })),
      ...{ refusals: codes(refusals), failures: codes(failures) },
    };
  }
}

function momentOf({ position, at }: AuditMoment) {
  return { position, recordedAt: new Date(at).toISOString() };
}

function ranked(counts: ReadonlyMap<string, number>, top: number): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, top);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
