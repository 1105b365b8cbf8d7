import { isUtf8 } from 'node:buffer';
import { isTimestamp } from '#platform/commands/timestamp';
import { invalidHeader } from './header.errors.js';

/** Longest Idempotency-Key and Correlation-Id. */
const MAX_KEY_LENGTH = 255;
const MAX_REASON_LENGTH = 1_000;

const VISIBLE = /^[\x21-\x7e]{1,255}$/;
/** A string of RFC 9651, section 3.3.3. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The key of `Idempotency-Key`, bare or in quotes (draft-ietf-httpapi-idempotency-key-header). Throws InvalidHeader. */
export function idempotencyKey(header: string): string {
  const key = header.startsWith('"') ? QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1') : header;
  if (key === undefined || !VISIBLE.test(key)) {
    throw invalidHeader('idempotency-key', `Must be 1 to ${MAX_KEY_LENGTH} visible ASCII characters, such as a UUID.`);
  }
  return key;
}

/** Throws InvalidHeader. */
export function correlationId(header: string): string {
  if (VISIBLE.test(header)) return header;
  throw invalidHeader('correlation-id', `Must be 1 to ${MAX_KEY_LENGTH} visible ASCII characters.`);
}

/** A valid W3C `traceparent`, or undefined: an invalid one is to be ignored (Trace Context, section 4.3). */
export function traceparent(header: string | undefined): string | undefined {
  const [, version, more] = (header && TRACEPARENT.exec(header)) || [];
  return version === undefined || (version === '00' && more !== undefined) ? undefined : header;
}

/** Why the command was sent. Bytes beyond ASCII are read as UTF-8. Throws InvalidHeader. */
export function reason(header: string): string {
  // Node hands every byte of a header over as one character.
  const bytes = Buffer.from(header, 'latin1');
  const text = isUtf8(bytes) ? bytes.toString('utf8') : header;
  if (text.length >= 1 && text.length <= MAX_REASON_LENGTH) return text;
  throw invalidHeader('perdure-reason', `Must be text of 1 to ${MAX_REASON_LENGTH} characters.`);
}

/** A moment, in UTC. Throws InvalidHeader. */
export function occurredAt(header: string): string {
  if (isTimestamp(header)) return new Date(header).toISOString();
  throw invalidHeader('perdure-occurred-at', 'Must be a moment with its offset, such as 2026-01-31T09:30:00Z.');
}
