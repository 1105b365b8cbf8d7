const DAY_MS = 86_400_000;

/** Year, then month and day, week and weekday, or day of the year; with or without hyphens. */
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d)|-?W(\d\d)(?:-?([1-7]))?|-?(\d{3}))?$/;
const TIME = /^(\d\d)(?:(:?)(\d\d)(?:\2(\d\d))?)?(?:[.,](\d{1,9}))?$/;
/** A plus sign that was not percent-encoded in a query string comes as a space. */
const OFFSET = /(?:Z|[+ \u2212-]\d\d(?::?\d\d)?)$/;

/**
 * The moment that a text of ISO 8601 names, in Unix milliseconds; undefined where it names none. Calendar, week and ordinal dates, in
 * the basic and the extended format, of any precision: what is left out is at its beginning. Without an offset it is UTC.
 *
 * @example parseIso('2026-01-31T09:30+01:00'), parseIso('2026-W05'), parseIso('20260131')
 */
export function parseIso(text: string): number | undefined {
  const [date = '', clock, ...more] = text.split(/[Tt]/);
  const day = dayOf(date);
  if (day === undefined || more.length > 0) return undefined;
  if (clock === undefined) return day;
  const offset = OFFSET.exec(clock)?.[0];
  const time = timeOf(offset === undefined ? clock : clock.slice(0, -offset.length));
  const ahead = offset === undefined ? 0 : offsetOf(offset);
  return time === undefined || ahead === undefined ? undefined : day + time - ahead;
}

function dayOf(text: string): number | undefined {
  const [, year, ...rest] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const [month, dayOfMonth, basicMonth, basicDay, week, weekday, ordinal] = rest;
  if (week !== undefined) return weekDate(Number(year), Number(week), Number(weekday ?? 1));
  if (ordinal !== undefined) return within(startOf(Number(year), 0, Number(ordinal)), Number(year));
  const monthIndex = Number(month ?? basicMonth ?? 1) - 1;
  const start = startOf(Number(year), monthIndex, Number(dayOfMonth ?? basicDay ?? 1));
  return new Date(start).getUTCMonth() === monthIndex ? within(start, Number(year)) : undefined;
}

/** Date.UTC takes the years 0 to 99 as 1900 to 1999. */
function startOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

function within(time: number, year: number): number | undefined {
  return new Date(time).getUTCFullYear() === year ? time : undefined;
}

/** Week 1 is the one with the fourth of January in it, and begins on Monday. */
function weekDate(year: number, week: number, weekday: number): number | undefined {
  const fourth = startOf(year, 0, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS;
  const thursday = monday + ((week - 1) * 7 + 3) * DAY_MS;
  return week >= 1 && within(thursday, year) !== undefined ? thursday + (weekday - 4) * DAY_MS : undefined;
}

function timeOf(text: string): number | undefined {
  const [, hours, , minutes, seconds, fraction = ''] = TIME.exec(text) ?? [];
  if (hours === undefined) return undefined;
  const unit = seconds === undefined ? (minutes === undefined ? 3_600_000 : 60_000) : 1_000;
  const ms =
    Number(hours) * 3_600_000 +
    Number(minutes ?? 0) * 60_000 +
    Number(seconds ?? 0) * 1_000 +
    Math.floor(Number(`0.${fraction || 0}`) * unit + 1e-6);
  // A leap second counts as the first moment of the next minute, as on Unix. 24:00 ends the day.
  const isTime = Number(minutes ?? 0) <= 59 && Number(seconds ?? 0) <= 60 && ms <= DAY_MS;
  return isTime && Number(hours) <= 24 ? ms : undefined;
}

function offsetOf(text: string): number | undefined {
  if (text === 'Z') return 0;
  const digits = text.slice(1).replace(':', '');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2) || 0);
  if (hours > 23 || minutes > 59) return undefined;
  const ahead = (hours * 60 + minutes) * 60_000;
  return text.startsWith('+') || text.startsWith(' ') ? ahead : -ahead;
}
