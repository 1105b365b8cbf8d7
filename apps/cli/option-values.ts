import { InvalidArgumentError } from 'commander';

/** The number that an option was given. Throws InvalidArgumentError, which commander reports with the name of the option. */
export function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
}

/** The address of a server, without a slash at its end. Throws InvalidArgumentError. */
export function serverAddress(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return text.replace(/\/+$/, '');
  throw new InvalidArgumentError('Write it like http://localhost:3000.');
}

/** A time, as ISO 8601 has it. Throws InvalidArgumentError. */
export function time(text: string): string {
  if (/^\d{4}-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new InvalidArgumentError('Write a time such as 2026-05-17 or 2026-05-17T09:30:00Z.');
}
