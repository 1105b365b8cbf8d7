const FORM = /^\d{4}-(\d\d)-(\d\d)T(?!24)\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Whether the value is a moment as RFC 3339 writes it, on a day that exists. */
export function isTimestamp(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 40) return false;
  const parts = FORM.exec(value);
  if (!parts || Number.isNaN(Date.parse(value))) return false;
  // Date.parse moves 30 February on into March.
  return Number(parts[2]) <= 28 || new Date(`${value.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(parts[2]);
}
