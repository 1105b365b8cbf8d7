import { PreconditionUnmet, invalidHeader } from './header.errors.js';

/** A list of entity tags: RFC 9110, section 8.8.3. */
const TAGS = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*$/;

/** The strong tag of a revision. */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * What `If-Match` asks of the object: its revision, or `exists` for `*`. A tag that no revision has, such as a weak one, can
 * never match (RFC 9110, section 13.1.1): PreconditionUnmet. Throws InvalidHeader for what is no tag.
 */
export function revisionOfIfMatch(header: string): number | 'exists' {
  if (header === '*') return 'exists';
  const revision = /^"(0|[1-9]\d{0,14})"$/.exec(header)?.[1];
  if (revision !== undefined) return Number(revision);
  if (!TAGS.test(header)) throw invalidHeader('if-match', 'Must be one ETag as an answer had it, such as "7", or *.');
  if (header.includes('",')) throw invalidHeader('if-match', 'Must be one ETag only: an object has one revision.');
  throw new PreconditionUnmet(header);
}

/** Commands know `If-None-Match: *` only: create, do not change. */
export function checkIfNoneMatch(header: string): 'none' {
  if (header !== '*')
    throw invalidHeader('if-none-match', 'Must be * on a command: create only what is not there yet.');
  return 'none';
}

/** Whether a representation the client has is still the present one: weak comparison, RFC 9110, section 13.1.2. */
export function isFresh(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch === '*' || ifNoneMatch.split(',').some((given) => given.trim().replace(/^W\//, '') === tag);
}
