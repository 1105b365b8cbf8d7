import { hash } from 'node:crypto';
import type { Json } from '#kernel/json';
import { InvalidCursor } from '#platform/read-store/read-store.errors';
import type { Filter, ReadStore, Stored } from '#platform/read-store/read-store.port';
import { audit, type AuditDocument } from '#read-models/audit';

/** What an auditor asks. Everything that is given must hold. */
export interface AuditQuery {
  readonly actor?: string;
  readonly actorType?: string;
  readonly types?: readonly string[];
  readonly objectType?: string;
  readonly objectId?: string;
  readonly correlationId?: string;
  readonly commandId?: string;
  /** Unix milliseconds, by `clock`: from inclusive, to exclusive. */
  readonly from?: number;
  readonly to?: number;
  /** When it was recorded (default), or when it is said to have happened: filters and orders. */
  readonly clock?: 'recorded' | 'occurred';
  /** Words, or parts of them, that must all be there. */
  readonly text?: string;
  readonly refused?: 'only' | 'with' | 'without';
}

export interface AuditPageQuery extends AuditQuery {
  readonly order?: 'asc' | 'desc';
  readonly limit: number;
  readonly cursor?: string;
}

/** Documents that one page looks at beyond what an index answers; the next page goes on behind them. */
export const MAX_SCANNED = 20_000;
const CHUNK = 1_000;

/**
 * A page in the order of the clock, events of one moment in that of the log. With `text` a page looks at no more
 * than `MAX_SCANNED` events: it may have fewer items than its limit, or none, and a `next` all the same. Rejects with InvalidCursor.
 */
export async function queryAudit(
  store: ReadStore,
  tenant: string,
  query: AuditPageQuery,
): Promise<{ items: AuditDocument[]; next?: string }> {
  const own = digestOf(tenant, query);
  let place = query.cursor === undefined ? undefined : placeOf(query.cursor, own);
  const matches = looseMatcher(query);
  const items: AuditDocument[] = [];
  for (let scanned = 0; ;) {
    const limit = matches ? CHUNK : query.limit - items.length + 1;
    const found = await readOn(store, tenant, query, place, limit);
    for (const stored of found) {
      if (items.length === query.limit) return { items, next: cursorOf(place!, own) };
      if (!matches || matches(stored.document)) items.push(stored.document);
      place = placeOfDocument(stored, query);
    }
    if (found.length < limit) return { items };
    scanned += found.length;
    if (scanned >= MAX_SCANNED) return { items, next: cursorOf(place!, own) };
  }
}

/** How the store would find the events of such a query, of the first type where it names several: for tests and tuning. */
export function explainAudit(store: ReadStore, tenant: string, query: AuditQuery & { order?: 'asc' | 'desc' }) {
  const [type] = typesOf(query.types, query.refused) ?? [];
  const filter: Filter = { ...filterOf(tenant, query), ...(type !== undefined && { type: askedFor(type, query) }) };
  return store.explain(audit.name, { filter, sort: sortOf(query) });
}

/** All events that a query finds, in order, read as they are asked for. */
export async function* eachAudited(store: ReadStore, tenant: string, query: AuditQuery): AsyncGenerator<AuditDocument> {
  const matches = looseMatcher(query);
  let place: Place | undefined;
  for (;;) {
    const found = await readOn(store, tenant, query, place, CHUNK);
    for (const { document } of found) if (!matches || matches(document)) yield document;
    if (found.length < CHUNK) return;
    place = placeOfDocument(found.at(-1)!, query);
  }
}

/** Time by the clock, and the document's id. */
type Place = readonly [at: number, id: string];

const timeFieldOf = ({ clock }: AuditQuery) => (clock === 'occurred' ? 'occurredAt' : 'recordedAt');

function sortOf(query: AuditQuery & { order?: 'asc' | 'desc' }) {
  return { [timeFieldOf(query)]: query.order === 'desc' ? (-1 as const) : (1 as const) };
}

/** The next events in order. */
async function readOn(
  store: ReadStore,
  tenant: string,
  query: AuditQuery & { order?: 'asc' | 'desc' },
  place: Place | undefined,
  limit: number,
): Promise<readonly Stored<AuditDocument>[]> {
  const types = typesOf(query.types, query.refused);
  const read = async (type: Filter) => {
    const filter: Filter = { $and: [filterOf(tenant, query), type, ...(place ? beyond(place, query) : [])] };
    return (await store.query<AuditDocument>(audit.name, { filter, sort: sortOf(query), limit })).items;
  };
  if (!types) return read(query.refused === 'without' ? { type: { $nin: REFUSALS } } : {});
  // An index has each type in order, not all of them together.
  const found = await Promise.all(types.map((type) => read({ type: askedFor(type, query) })));
  if (found.length === 1) return found[0]!;
  const sign = query.order === 'desc' ? -1 : 1;
  const places = new Map(found.flat().map((stored) => [stored, placeOfDocument(stored, query)]));
  const compare = ([at, id]: Place, [otherAt, otherId]: Place) => at - otherAt || (id < otherId ? -1 : 1);
  return [...places.keys()].sort((a, b) => sign * compare(places.get(a)!, places.get(b)!)).slice(0, limit);
}

/** The first condition lets an index begin at the moment, the second one leaves out what of that moment was had already. */
function beyond([at, id]: Place, query: AuditQuery & { order?: 'asc' | 'desc' }): Filter[] {
  const field = timeFieldOf(query);
  const [from, after] = query.order === 'desc' ? ['$lte', '$lt'] : ['$gte', '$gt'];
  return [{ [field]: { [from]: at } }, { $or: [{ [field]: { [after]: at } }, { _id: { [after]: id } }] }];
}

function placeOfDocument({ id, document }: Stored<AuditDocument>, query: AuditQuery): Place {
  return [document[timeFieldOf(query)], id];
}

/** What the store decides, apart from the type. */
function filterOf(tenant: string, query: AuditQuery): Filter {
  const { actor, actorType, objectType, objectId, correlationId, commandId, from, to } = query;
  const time = { ...(from !== undefined && { $gte: from }), ...(to !== undefined && { $lt: to }) };
  return {
    tenant,
    ...(actor !== undefined && { actor: askedFor(actor, query) }),
    ...(actorType !== undefined && { actorType: askedFor(actorType, query) }),
    ...(objectType !== undefined && { objectType: askedFor(objectType, query) }),
    ...(objectId !== undefined && { objectId }),
    ...(correlationId !== undefined && { correlationId }),
    ...(commandId !== undefined && { commandId }),
    ...(Object.keys(time).length > 0 && { [timeFieldOf(query)]: time }),
  };
}

/**
 * What half of all events may have. In the order of another clock than its index has, all of them would have to be sorted: with a
 * second value, that nothing has, the store goes along the clock and stops where the page is full.
 */
function askedFor(value: string, { clock }: AuditQuery): Json {
  return clock === 'occurred' ? { $in: [value, '\uffff'] } : value;
}

const REFUSALS = ['audit.commandRefused', 'audit.commandFailed'];

function typesOf(types: readonly string[] | undefined, refused: AuditQuery['refused']): readonly string[] | undefined {
  if (refused === 'only') return types ? types.filter((type) => REFUSALS.includes(type)) : REFUSALS;
  return refused === 'without' ? types?.filter((type) => !REFUSALS.includes(type)) : types;
}

/** What no index knows; undefined where there is no such condition. */
function looseMatcher({ text }: AuditQuery): ((document: AuditDocument) => boolean) | undefined {
  const words = text?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  if (words.length === 0) return undefined;
  return (document) => words.every((word) => document.text.includes(word));
}

/** The next page must ask the same as the first; a digest that a client could not have by chance tells. */
function digestOf(tenant: string, { limit: _limit, cursor: _cursor, ...query }: AuditPageQuery): string {
  const text = JSON.stringify([tenant, ...Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return hash('sha256', text, 'base64url').slice(0, 16);
}

function cursorOf([at, id]: Place, digest: string): string {
  return Buffer.from(JSON.stringify([digest, at, id])).toString('base64url');
}

function placeOf(cursor: string, digest: string): Place {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
  const [itsDigest, at, id] = Array.isArray(content) ? (content as unknown[]) : [];
  if (itsDigest !== digest || typeof at !== 'number' || typeof id !== 'string') throw new InvalidCursor();
  return [at, id];
}
