const FORM = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * A time of a log as ISO 8601 in UTC with milliseconds; undefined where it is illegible. Takes ISO 8601 calendar dates, `T`
 * or a space before the time. Without an offset it is read as UTC, so that the same file means the same on every machine.
 */
export function utcOf(text: string): string | undefined {
  const match = FORM.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  // A leap second is the last moment of its minute here: POSIX time has no place for it.
  const seconds = second === '60' ? 59 : Number(second);
  const milliseconds = second === '60' ? 999 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  if (Number(hour) > 23 || Number(minute) > 59 || seconds > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const minutes = minutesOf(offset);
  if (minutes === undefined) return undefined;
  date.setUTCHours(Number(hour), Number(minute) - minutes, seconds, milliseconds);
  const utc = date.toISOString();
  // Years before 0 and after 9999 need a form that few programs read.
  return utc.length === 24 ? utc : undefined;
}

function minutesOf(offset: string | undefined): number | undefined {
  if (offset === undefined || offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}
