import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { JsonObject } from '#kernel/json';
import type { Stored } from './read-store.port.js';
import type { SqliteCollection } from './sqlite-collection.js';
import { intervalSql, type Sql } from './sqlite-condition.js';
import { ALL, compareKeys, isPoint, type Interval, type Key } from './sqlite-key.js';
import type { Place, Plan } from './sqlite-plan.js';

/** Index entries, and characters of documents, that are looked at before others get their turn. */
const ENTRIES_AT_ONCE = 1_000;
const CHARACTERS_AT_ONCE = 2 ** 20;

export interface ScanOptions {
  /** Where to go on; only for a plan that is ordered. */
  readonly from?: Place | undefined;
  /** So many candidates will probably do: the first step looks no further. */
  readonly wanted?: number;
}

type Prepare = (sql: string) => StatementSync;

/**
 * The candidates of a plan, in its order. Other work of the process goes on in between, writes too: a document that does
 * not change is met exactly once, since each step goes on from the place of the last.
 */
export async function* candidates(
  prepare: Prepare,
  collection: SqliteCollection,
  plan: Plan,
  { from, wanted = ENTRIES_AT_ONCE }: ScanOptions = {},
): AsyncGenerator<readonly Stored[]> {
  const bounds = plan.direction === 1 ? plan.bounds : plan.bounds.toReversed();
  let entries = Math.min(wanted, ENTRIES_AT_ONCE);
  let first = true;
  for (const within of bounds) {
    const start = beginning(within, plan.direction, from);
    if (start === 'past') continue;
    let place = start;
    for (let more = true; more;) {
      if (!first) await setImmediate();
      first = false;
      const step = read(prepare, chunkSql(collection, plan, within, place), entries);
      entries = ENTRIES_AT_ONCE;
      more = !step.end;
      place = step.place ?? place;
      yield step.found;
    }
  }
}

/** One step of the way, as SQL that takes a limit as its last parameter: what `explain` asks SQLite about, too. */
export function chunkSql(collection: SqliteCollection, plan: Plan, within: Interval, place?: Place): Sql {
  const { index, fixed, rest, direction } = plan;
  const order = [...rest.map(({ sql }) => sql), 'id'];
  const where: Sql[] = fixed.map(({ column, key }) => ({ text: `${column.sql} = ?`, values: [key] }));
  where.push(...remaining(order, within, direction, place));
  const document = plan.residual ? `CASE WHEN ${plan.residual.text} THEN document END` : 'document';
  const by = order.map((column) => (direction === 1 ? column : `${column} DESC`)).join(', ');
  return {
    text:
      `SELECT id, ${document}, ${order.join(', ')} FROM ${collection.table}` +
      `${index.sql === undefined ? '' : ` INDEXED BY ${index.sql}`} ` +
      `WHERE ${where.map(({ text }) => text).join(' AND ')} ORDER BY ${by} LIMIT ?`,
    values: [...(plan.residual?.values ?? []), ...where.flatMap(({ values }) => values)],
  };
}

/** The place to begin at within an interval; none for its own beginning. */
function beginning({ low, high }: Interval, direction: 1 | -1, from?: Place): Place | 'past' | undefined {
  if (!from) return undefined;
  const [near, far] = direction === 1 ? [low, high] : [high, low];
  if (compareKeys(from[0]!, far) * direction > 0) return 'past';
  return compareKeys(from[0]!, near) * direction < 0 ? undefined : from;
}

/** What is left of an interval after a place, so that SQLite finds its beginning by one search. */
function remaining(order: readonly string[], within: Interval, direction: 1 | -1, place?: Place): Sql[] {
  if (!place) return [intervalSql(order[0]!, within)];
  const sign = direction === 1 ? '>' : '<';
  const beyond = (columns: readonly string[], keys: Place): Sql => ({
    text: `(${columns.join(', ')}) ${sign} (${columns.map(() => '?').join(', ')})`,
    values: keys,
  });
  if (isPoint(within) && order.length > 1) {
    return [intervalSql(order[0]!, within), beyond(order.slice(1), place.slice(1))];
  }
  const farSide: Interval =
    direction === 1
      ? { ...within, low: ALL.low, withLow: true }
      : { ...within, high: ALL.high, withHigh: ALL.withHigh };
  return [beyond(order, place), intervalSql(order[0]!, isPoint(within) ? within : farSide)];
}

interface Step {
  readonly found: readonly Stored[];
  readonly place: Place | undefined;
  readonly end: boolean;
}

function read(prepare: Prepare, { text, values }: Sql, limit: number): Step {
  const found: Stored[] = [];
  let place: Place | undefined;
  let entries = 0;
  let characters = 0;
  const statement = prepare(text);
  for (const row of statement.iterate(...(values as SQLInputValue[]), limit) as Iterable<unknown>) {
    const [id, document, ...keys] = row as [string, string | null, ...Key[]];
    place = keys;
    entries++;
    if (document === null) continue;
    found.push({ id, document: JSON.parse(document) as JsonObject });
    characters += document.length;
    if (characters > CHARACTERS_AT_ONCE) return { found, place, end: false };
  }
  return { found, place, end: entries < limit };
}
