import { beforeAll, describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import 'reflect-metadata';
import { findProblem, STATUS_OF_KIND } from './problem-catalogue.js';

const files = globSync('modules/**/*.ts', { exclude: (path) => path.endsWith('.spec.ts') }).map((path) => ({
  path,
  // Examples in doc comments are nobody's errors.
  text: readFileSync(path, 'utf8').replaceAll(/^ *\*.*$/gm, ''),
}));

/** `super('kind', 'code', …)` of the error classes, and of the plain errors that are thrown on the spot. */
const DECLARED = /(?:super|new DomainError)\(\s*'([a-z-]+)',\s*'([a-z-]+)'/g;

const declared = files.flatMap(({ path, text }) =>
  [...text.matchAll(DECLARED)].map(([, kind, code]) => [code!, kind!, path] as const),
);

beforeAll(async () => {
  for (const { path, text } of files) if (/^defineProblems\(/m.test(text)) await import(resolve(path));
});

describe('the catalogue of problems', () => {
  it('is compared with the errors that there are', () => {
    expect(declared.length).toBeGreaterThan(20);
  });

  it.each(declared)("has '%s', which is '%s' in %s", (code, kind) => {
    expect(findProblem(code)?.status).toBe(STATUS_OF_KIND[kind as keyof typeof STATUS_OF_KIND]);
  });
});
