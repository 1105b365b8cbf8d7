import type { Json } from '#kernel/json';

/** One event of a log as it stands in the file, by column or key. Empty cells are left out. */
export interface LogRow {
  /** Where the row begins in the file, from 1. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, Json>;
}

/** A place in the file that is not a row of the log, and why. */
export interface BadRow {
  readonly line: number;
  readonly problem: string;
}

/** What a reader of a format makes of a file, in the file's order. */
export type LogRows = AsyncIterable<LogRow | BadRow>;

export function isBad<Row extends { line: number }>(row: Row | BadRow): row is BadRow {
  return 'problem' in row;
}
