import { RE2JS } from 're2js';

/** Tests a text in time linear to its length. */
export interface LinearRegex {
  test(text: string): boolean;
}

const FLAGS: Record<string, number> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL };

/** What `$options` may hold: ignore case, `^` and `$` at each line, `.` for a line break too. */
export const REGEX_OPTIONS = Object.keys(FLAGS);

/**
 * A regular expression of a stranger's, run by an automaton (RE2) and not by backtracking: no pattern makes it slow. What an
 * automaton cannot do, it refuses: throws a SyntaxError whose message says what to change.
 */
export function linearRegex(pattern: string, options = ''): LinearRegex {
  let flags = 0;
  for (const letter of options) flags |= FLAGS[letter] ?? 0;
  try {
    return RE2JS.compile(pattern, flags);
  } catch (error) {
    throw new SyntaxError(reason(pattern, error as Error), { cause: error });
  }
}

function reason(pattern: string, error: Error): string {
  if (/\(\?<?[=!]/.test(pattern)) return 'Look-around ((?=…), (?!…), (?<=…), (?<!…)) is not supported. Leave it out.';
  if (/\\[1-9k]/.test(pattern)) return 'Back-references (\\1, \\k<name>) are not supported. Leave them out.';
  return `Not a regular expression (RE2 syntax): ${error.message.replace('error parsing regexp: ', '')}.`;
}

/** Plain characters at an anchored beginning, up to one that may be repeated or left out. */
const PREFIX = /^\^([\w -]+)(?![*+?{])/;

/** Texts that such a pattern can match lie from `from` up to, not including, `to`; undefined where they lie anywhere. */
export function prefixOf(pattern: string, options = ''): { readonly from: string; readonly to: string } | undefined {
  const from = options === '' && !pattern.includes('|') ? PREFIX.exec(pattern)?.[1] : undefined;
  if (from === undefined) return undefined;
  return { from, to: from.slice(0, -1) + String.fromCharCode(from.charCodeAt(from.length - 1) + 1) };
}
