import { createHash } from 'node:crypto';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const LONG_HEX = /\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi;
const QUOTED = /(["'`])(?:(?!\1).){1,200}\1/g;
const NUMBER = /\d+(?:\.\d+)?/g;
/** `at evolve (file:///app/dist/projections/things.projection.js:12:9)`, with or without the name and the brackets. */
const FRAME = /^\s*at (?:(.+?) \()?(?:file:\/\/)?(.+?):\d+:\d+\)?$/;

/**
 * A fingerprint that failures of the same kind share, whatever object they struck: of the message without the names of that object, ids,
 * numbers and quoted values, and of the first place of the stack that is our own, without its line, so that it stays the same where
 * lines move.
 */
export function causeOf(message: string, stack: string, names: readonly string[] = []): string {
  return createHash('sha256')
    .update(`${kindOf(message, names)}\n${placeOf(stack)}`)
    .digest('hex')
    .slice(0, 12);
}

/** The message with what differs from one occurrence to the next taken out. */
export function kindOf(message: string, names: readonly string[] = []): string {
  const unnamed = names.reduce((text, name) => (name === '' ? text : text.replaceAll(name, '<name>')), message);
  return unnamed.replace(UUID, '<id>').replace(LONG_HEX, '<id>').replace(QUOTED, '<value>').replace(NUMBER, '<n>');
}

/** Function and file name, since folders differ from one machine to the next. */
function placeOf(stack: string): string {
  for (const line of stack.split('\n')) {
    const [, name = '', file] = FRAME.exec(line) ?? [];
    if (file === undefined || file.includes('node_modules') || file.startsWith('node:')) continue;
    const fileName = file.split(/[\\/]/).at(-1)!;
    return `${name} ${fileName.replace(/\.[cm]?[jt]s$/, '')}`;
  }
  return '';
}
