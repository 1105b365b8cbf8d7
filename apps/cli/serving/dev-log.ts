import { stripVTControlCharacters } from 'node:util';
import { styled } from '../output/print.js';

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** A line of the log for the eye: when, how severe, what, and the rest as it is. What is no line of the log stays as it is. */
export function readableLine(text: string): string {
  const entry = entryIn(text);
  if (!entry) return stripVTControlCharacters(text);
  const { level, time, msg, pid: _, hostname: __, err, ...rest } = entry;
  const severity = LEVELS[level] ?? String(level);
  const more = Object.keys(rest).length > 0 ? ` ${styled('dim', JSON.stringify(rest))}` : '';
  const stack = err?.stack === undefined ? '' : `\n${stripVTControlCharacters(err.stack)}`;
  const shown = level >= 50 ? styled('red', severity) : level >= 40 ? styled('yellow', severity) : severity;
  return `${new Date(time).toISOString().slice(11, 23)} ${shown} ${stripVTControlCharacters(msg ?? '')}${more}${stack}`;
}

interface Entry {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly pid?: number;
  readonly hostname?: string;
  readonly err?: { readonly stack?: string };
}

function entryIn(text: string): Entry | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(text) as Entry;
    return typeof entry.level === 'number' && typeof entry.time === 'number' ? entry : undefined;
  } catch {
    return undefined;
  }
}
