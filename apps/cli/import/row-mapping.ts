import { hash } from 'node:crypto';
import type { Json, JsonObject } from '#kernel/json';
import type { CaseLedger } from './case-ledger.js';
import type { BadRow, LogRow } from './log-row.js';
import { utcOf } from './timestamp.js';

/** Which column means what. */
export interface Mapping {
  readonly noun: string;
  readonly id: string;
  readonly verb: string;
  readonly time: string;
  /** Columns that are data of the thing, beside those that begin with `case:`. */
  readonly thingColumns: ReadonlySet<string>;
  /** Other names for columns and verbs, by the name in the file. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Why: goes with every event. */
  readonly reason: string;
}

/** A row as a command of `POST /api/v1/batches`. */
export interface RowCommand {
  readonly line: number;
  readonly id: string;
  /** Whether it carries data of the thing. */
  readonly sets: boolean;
  readonly json: string;
}

type Role = 'id' | 'verb' | 'time' | 'thing' | 'event';

/** Turns rows into commands: one verb on one thing each. */
export class RowMapping {
  readonly #columns = new Map<string, { role: Role; name: string }>();

  constructor(
    private readonly mapping: Mapping,
    private readonly ledger: CaseLedger,
  ) {}

  /** The command of a row, or why there is none. */
  commandOf({ line, fields }: LogRow): RowCommand | BadRow {
    const id = textOf(fields.get(this.mapping.id));
    if (id === undefined) return { line, problem: `there is no id in '${this.mapping.id}'` };
    // Counted even if the row is bad: once it is mended, the rows after it keep their place.
    const ordinal = this.ledger.nextOrdinal(id);
    const verb = textOf(fields.get(this.mapping.verb));
    if (verb === undefined) return { line, problem: `there is no verb in '${this.mapping.verb}'` };
    const time = textOf(fields.get(this.mapping.time));
    if (time === undefined) return { line, problem: `there is no time in '${this.mapping.time}'` };
    const occurredAt = utcOf(time);
    if (occurredAt === undefined) {
      return {
        line,
        problem: `'${time}' in '${this.mapping.time}' is not an ISO 8601 time such as 2026-05-17T09:30:00Z`,
      };
    }
    const { data, set } = this.#parts(fields);
    const sets = Object.keys(set).length > 0 && this.ledger.isNew(id, hash('sha1', JSON.stringify(set), 'base64url'));
    const { noun, reason } = this.mapping;
    const json = JSON.stringify({
      command: 'ActOnThing',
      idempotencyKey: keyOf(noun, id, ordinal, fields),
      occurredAt,
      reason,
      fields: {
        noun,
        id,
        verb: this.mapping.renamed.get(verb) ?? verb,
        data,
        set: sets ? set : undefined,
        create: true,
      },
    });
    return { line, id, sets, json };
  }

  #parts(fields: LogRow['fields']): { data: JsonObject; set: JsonObject } {
    const data: [string, Json][] = [];
    const set: [string, Json][] = [];
    for (const [column, value] of fields) {
      const { role, name } = this.#columnOf(column);
      if (role === 'thing') set.push([name, value]);
      else if (role === 'event') data.push([name, value]);
    }
    return { data: Object.fromEntries(data), set: Object.fromEntries(set) };
  }

  #columnOf(column: string): { role: Role; name: string } {
    let known = this.#columns.get(column);
    if (!known) {
      const role = this.#roleOf(column);
      const name = this.mapping.renamed.get(column) ?? (role === 'thing' ? column.replace(/^case:/, '') : column);
      this.#columns.set(column, (known = { role, name }));
    }
    return known;
  }

  #roleOf(column: string): Role {
    const { id, verb, time, thingColumns } = this.mapping;
    if (column === id) return 'id';
    if (column === verb) return 'verb';
    if (column === time) return 'time';
    return column.startsWith('case:') || thingColumns.has(column) ? 'thing' : 'event';
  }
}

/**
 * The same row of the same file has the same key in every run, so that nothing is imported twice. It is made of the row as
 * it stands in the file, whatever the order of its columns, and of its place in the case, since a case may hold two equal rows.
 */
function keyOf(noun: string, id: string, ordinal: number, fields: LogRow['fields']): string {
  const content = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  return `import-${hash('sha256', JSON.stringify([noun, id, ordinal, content]), 'base64url')}`;
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
