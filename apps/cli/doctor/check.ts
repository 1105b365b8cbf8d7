import { printLine, styled } from '../output/print.js';

export type Verdict = 'ok' | 'warn' | 'fail';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly found: string;
  /** What to do about it, where something is to be done. */
  readonly cure?: string;
}

export function ok(name: string, found: string): Check {
  return { name, verdict: 'ok', found };
}

/** It works, but will not for long, or not as somebody may think. */
export function warn(name: string, found: string, cure: string): Check {
  return { name, verdict: 'warn', found, cure };
}

export function fail(name: string, found: string, cure: string): Check {
  return { name, verdict: 'fail', found, cure };
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** A line for each check, with its cure below it, and a sum. */
export function printChecks(checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, verdict, found, cure } of checks) {
    const [first = '', ...more] = found.split('\n');
    const indent = ' '.repeat(width + 8);
    printLine(`${styled(COLOURS[verdict], verdict.padEnd(4))}  ${name.padEnd(width)}  ${first}`);
    for (const line of more) printLine(`${indent}${line}`);
    if (cure !== undefined) printLine(`${indent}→ ${cure}`);
  }
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  printLine();
  printLine(`${count('ok')} ok, ${count('warn')} to be watched, ${count('fail')} failing`);
}
