import type { ExportProblem } from './verify-export.js';

/** A record of an export, as far as a message needs it. */
export interface SeenRecord {
  readonly line: number;
  readonly record: number;
  readonly event?: ExportProblem['event'];
}

/**
 * Where records first are others than those that were signed, if anywhere: each is known by its mark. What is missing, or one too many,
 * shifts all that follow; what was changed does not.
 */
export function firstDifference(
  seen: readonly SeenRecord[],
  marks: readonly string[],
  signed: readonly string[],
  before: number,
  lineAfter: number,
): ExportProblem | undefined {
  const at = signed.findIndex((mark, i) => mark !== marks[i]);
  if (at < 0 && marks.length === signed.length) return undefined;
  const place = at < 0 ? signed.length : at;
  const record = before + place + 1;
  const here = seen[place];
  if (place >= signed.length) {
    return { code: 'inserted', ...here!, detail: `Record ${record} is not one of those that were signed.` };
  }
  const isMissing = !here || (marks.length < signed.length && signed[place + 1] === marks[place]);
  if (isMissing) {
    return { code: 'removed', line: here?.line ?? lineAfter, record, detail: `Record ${record} is missing.` };
  }
  if (marks.length > signed.length && marks[place + 1] === signed[place]) {
    return { code: 'inserted', ...here, detail: `Record ${record} is not one of those that were signed.` };
  }
  return { code: 'changed', ...here, detail: `Record ${record} is not as it was exported.` };
}
