import { linearRegex } from '#platform/read-store/linear-regex';

/** A condition on what follows the beginning of a text. */
interface Lookahead {
  readonly pattern: string;
  readonly wanted: boolean;
}

/**
 * Tests names by a client's regular expression, in time linear to the name's length. Conditions at its very beginning are taken
 * apart: `^(?!a|b)c` is `^c` and not `^(?:a|b)`. The Python client leaves out system events in this way wherever its user does not
 * say otherwise. Throws a SyntaxError for other look-around, for back-references and for what is no expression.
 */
export function filterRegex(pattern: string): (text: string) => boolean {
  const { lookaheads, rest } = takenApart(pattern);
  const tests = lookaheads.map((one) => ({ regex: linearRegex(`^(?:${one.pattern})`), wanted: one.wanted }));
  const regex = linearRegex(rest);
  return (text) => tests.every((one) => one.regex.test(text) === one.wanted) && regex.test(text);
}

function takenApart(pattern: string): { lookaheads: readonly Lookahead[]; rest: string } {
  const lookaheads: Lookahead[] = [];
  let rest = pattern.slice(1);
  while (pattern.startsWith('^') && /^\(\?[=!]/.test(rest)) {
    const end = endOfGroup(rest);
    if (end === undefined) break;
    lookaheads.push({ pattern: rest.slice('(?!'.length, end), wanted: rest.startsWith('(?=') });
    rest = rest.slice(end + 1);
  }
  // What is repeated, or is one of several ways to match, is no condition on the whole: the expression stays as it is, and is refused.
  if (lookaheads.length === 0 || /^[*+?{]/.test(rest) || hasWays(rest)) return { lookaheads: [], rest: pattern };
  return { lookaheads, rest: `^${rest}` };
}

/** Where the group with which the pattern begins is closed; undefined where it is not. */
function endOfGroup(pattern: string): number | undefined {
  return depths(pattern).find(({ character, depth }) => character === ')' && depth === 0)?.index;
}

/** Whether the pattern is a choice at its outermost level. */
function hasWays(pattern: string): boolean {
  return depths(pattern).some(({ character, depth }) => character === '|' && depth === 0);
}

/** The characters that shape a pattern, outside classes such as `[)]` and unless escaped, and how many groups are open after each. */
function depths(pattern: string): { character: string; depth: number; index: number }[] {
  let depth = 0;
  return [...pattern.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]/gs)].flatMap(({ 0: character, index }) => {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    return /^[()|]$/.test(character) ? [{ character, depth, index }] : [];
  });
}
