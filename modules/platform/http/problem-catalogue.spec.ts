import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import '#modules/schedules/schedule.errors';
import '#modules/things/thing.errors';
import '#platform/erasure/erasure.errors';
import './platform-problems.js';
import { findProblem, STATUS_OF_KIND } from './problem-catalogue.js';

/** `super('kind', 'code', …)` of the error classes, and of the plain errors that are thrown on the spot. */
const DECLARED = /(?:super|new DomainError)\(\s*'([a-z-]+)',\s*'([a-z-]+)'/g;

const declared = globSync('modules/{platform,schedules,things}/**/*.ts', {
  exclude: (path) => path.endsWith('.spec.ts'),
}).flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(DECLARED)].map(([, kind, code]) => [code!, kind!, file] as const),
);

describe('the catalogue of problems', () => {
  it('is compared with the errors that there are', () => {
    expect(declared.length).toBeGreaterThan(20);
  });

  it.each(declared)("has '%s', which is '%s' in %s", (code, kind) => {
    expect(findProblem(code)?.status).toBe(STATUS_OF_KIND[kind as keyof typeof STATUS_OF_KIND]);
  });
});
