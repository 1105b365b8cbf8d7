import type { Clock } from '#kernel/clock';
import { type Position, type Recorded, START } from '#kernel/event';
import { InvalidInput } from '#kernel/errors';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import type { StatementSync } from 'node:sqlite';
import { decodeEvent, encodeId, EVENT_COLUMNS, type EventRow } from './event-row.js';
import type { AllSlice, ReadAllOptions, ReadOptions, StreamMetadata, StreamSlice } from './event-store.port.js';
import { firstVisible, StreamTable } from './stream-table.js';

/** Events looked at in one go where few of them match: about ten milliseconds of the event loop's time. */
const SCAN = 10_000;

const DEFAULT_LIMIT = 1_000;

/** What is answered from the tables. Shows nothing that is not durable: events are bound by the `durable` position. */
export class EventReader {
  readonly #streams: StreamTable;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly clock: Clock,
  ) {
    this.#streams = new StreamTable(database);
  }

  /** Position of the last event that is committed. */
  lastPosition(): number {
    return this.database.prepare('SELECT coalesce(max(position), 0) AS last FROM events').get()!['last'] as number;
  }

  stream(name: string, options: ReadOptions, durable: number): StreamSlice {
    const stream = this.#streams.find(name);
    const last = stream ? this.#lastRevision(stream.id, durable) : -1;
    if (!stream || last < 0 || stream.state === 'deleted') {
      return { status: 'missing', events: [], lastRevision: last };
    }
    const { from, direction = 'forwards', limit = DEFAULT_LIMIT } = options;
    const first = firstVisible(stream, last);
    const forwards = direction === 'forwards';
    const low = forwards ? Math.max(first, from ?? 0) : first;
    const high = forwards ? last : Math.min(last, from ?? last);
    const select = this.#prepare(
      `SELECT ${EVENT_COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
       WHERE e.stream = ? AND e.revision BETWEEN ? AND ? AND e.recorded_at >= ?
       ORDER BY e.revision ${forwards ? 'ASC' : 'DESC'} LIMIT ?`,
    );
    const oldest = this.#oldest(stream.metadata);
    const { rows } = portions(limit, (before, most) => {
      const [from, to] = rangeAfter(before?.[2], forwards, low, high);
      return select.all(stream.id, from, to, oldest, most) as unknown as EventRow[];
    });
    return { status: 'present', events: rows.map(decodeEvent), lastRevision: last };
  }

  /**
   * A part of the global order: the next `limit` matching events, or fewer where they are far apart; then the slice ends where
   * the search did.
   */
  all(options: ReadAllOptions, durable: number): AllSlice {
    const { direction = 'forwards', limit = DEFAULT_LIMIT } = options;
    const forwards = direction === 'forwards';
    const from = options.position === undefined ? (forwards ? 0 : durable + 1) : parsePosition(options.position);
    const [low, high] = forwards
      ? [from + 1, Math.min(from + SCAN, durable)]
      : [Math.max(1, from - SCAN), Math.min(from - 1, durable)];
    const { sql, parameters } = selectAll(forwards, options, this.clock.now().getTime());
    const select = this.#prepare(sql);
    const { rows, exhausted } = portions(limit, (before, most) => {
      const range = rangeAfter(before?.[0], forwards, low, high);
      return select.all(...range, ...parameters, most) as unknown as EventRow[];
    });
    const reached = exhausted ? (forwards ? Math.max(from, high) : low) : (rows.at(-1)?.[0] ?? from);
    const end = forwards ? reached >= durable : reached <= 1;
    return { events: rows.map(decodeEvent), position: end && !forwards ? START : String(reached), end };
  }

  /** Also finds what its stream hides; not what lies under a tombstone. */
  find(id: string, durable: number): Recorded | undefined {
    const row = this.#prepare(
      `SELECT ${EVENT_COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
       WHERE e.id = ? AND e.position <= ? AND s.state <> 'tombstone' LIMIT 1`,
    ).get(encodeId(id), durable) as unknown as EventRow | undefined;
    return row && decodeEvent(row);
  }

  metadata(name: string): StreamMetadata {
    return this.#streams.find(name)?.metadata ?? {};
  }

  #lastRevision(stream: number, durable: number): number {
    const sql = 'SELECT revision FROM events WHERE stream = ? AND position <= ? ORDER BY revision DESC LIMIT 1';
    return Number(this.database.prepare(sql).get(stream, durable)?.['revision'] ?? -1);
  }

  /** Unix milliseconds: what was recorded before is too old to be seen. */
  #oldest({ maxAge }: StreamMetadata): number {
    return maxAge === undefined ? 0 : this.clock.now().getTime() - maxAge * 1_000;
  }

  #prepare(sql: string): StatementSync {
    const statement = this.database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }
}

/** Rows that are fetched at once, and bytes at which a slice ends: few large events must not fill the memory. */
const PORTION = 500;
const SLICE_BYTES = 16 * 2 ** 20;

/** At most `limit` rows, portion by portion; `exhausted` where there are no more, not where the slice is full. */
function portions(limit: number, fetch: (before: EventRow | undefined, most: number) => EventRow[]) {
  const rows: EventRow[] = [];
  let bytes = 0;
  while (rows.length < limit && bytes < SLICE_BYTES) {
    const most = Math.min(PORTION, limit - rows.length);
    const portion = fetch(rows.at(-1), most);
    for (const row of portion) {
      rows.push(row);
      // In a damaged file there may be nothing.
      bytes += (row[5]?.length ?? 0) + (row[6]?.length ?? 0);
    }
    if (portion.length < most) return { rows, exhausted: true };
  }
  return { rows, exhausted: false };
}

/** What is left of a range behind the last row, in the direction of reading. */
function rangeAfter(last: number | undefined, forwards: boolean, low: number, high: number): [number, number] {
  if (last === undefined) return [low, high];
  return forwards ? [last + 1, high] : [low, last - 1];
}

const VISIBLE = `s.state = 'live'
      AND e.revision >= max(s.deleted_before, coalesce(s.truncate_before, 0))
      AND (s.max_count IS NULL OR e.revision > s.revision - s.max_count)
      AND (s.max_age IS NULL OR e.recorded_at >= ? - s.max_age * 1000)`;

/** CROSS JOIN makes SQLite go through the events in order and look up their streams, never the other way round. */
function selectAll(forwards: boolean, { system, hidden, filter = {} }: ReadAllOptions, now: number) {
  const { types, streamPrefixes } = filter;
  const prefixes = streamPrefixes?.map(() => '(s.name >= ? AND s.name < ?)').join(' OR ') ?? 'TRUE';
  const sql = `
    SELECT ${EVENT_COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
    WHERE e.position BETWEEN ? AND ?
      ${hidden ? '' : `AND ${VISIBLE}`}
      ${system ? '' : `AND NOT (s.name >= '$' AND s.name < '%')`}
      ${types ? 'AND e.type IN (SELECT value FROM json_each(?))' : ''}
      AND (${prefixes || 'FALSE'})
    ORDER BY e.position ${forwards ? 'ASC' : 'DESC'} LIMIT ?`;
  const ranges = streamPrefixes?.flatMap((prefix) => [prefix, `${prefix}\u{10ffff}`]) ?? [];
  return { sql, parameters: [...(hidden ? [] : [now]), ...(types ? [JSON.stringify(types)] : []), ...ranges] };
}

function parsePosition(position: Position): number {
  if (/^\d{1,15}$/.test(position)) return Number(position);
  const detail = `'${position}' is not a position of this store. Hand positions back as they were given.`;
  throw new InvalidInput([{ pointer: '/position', detail }]);
}
