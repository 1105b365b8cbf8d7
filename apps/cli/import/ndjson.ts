import type { Json, JsonObject } from '#kernel/json';
import type { Line } from './log-lines.js';
import type { LogRows } from './log-row.js';

/** The rows of a file with one JSON object a line; blank lines are skipped. Values keep their JSON types. */
export async function* ndjsonRows(lines: AsyncIterable<Line>): LogRows {
  for await (const { number: line, text, tooLong } of lines) {
    if (tooLong) yield { line, problem: 'the line is longer than 16 MiB' };
    else if (text.trim() === '') continue;
    else {
      const value = parse(text);
      if (value instanceof SyntaxError) yield { line, problem: `is not JSON: ${value.message}` };
      else if (!isObject(value)) yield { line, problem: 'is not a JSON object' };
      else yield { line, fields: new Map(Object.entries(value)) };
    }
  }
}

function parse(text: string): Json | SyntaxError {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    return error as SyntaxError;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
