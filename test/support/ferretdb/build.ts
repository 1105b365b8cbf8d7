import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathOf } from '../engines/programs.js';

const SOURCES = 'test/support/ferretdb';
const CACHE = 'node_modules/.cache/perdure';
const MINOR_OF_GO = 22;

/** What to do where there is no Go that builds FerretDB; undefined where there is one. */
export function goMissing(): string | undefined {
  const version = pathOf('go')
    ? execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', env: environment() })
    : '';
  const [, minor] = /^go1\.(\d+)/.exec(version) ?? [];
  return Number(minor) >= MINOR_OF_GO ? undefined : `install Go from 1.${MINOR_OF_GO} and put it on the PATH`;
}

/**
 * The path of our FerretDB, built where the sources have changed: a minute or two on a new machine. Throws with the
 * compiler's words.
 */
export function buildFerretdb(): string {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCES, file)));
  const program = resolve(CACHE, `ferretdb-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;

  // Two test files may build at once; a program under its final name is always whole.
  const unfinished = `${program}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, '.'], {
    cwd: SOURCES,
    env: environment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(unfinished, program);
  return program;
}

/** The Go that is installed, never one that it would download for itself, and no C compiler. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' };
}

// `.ci/run` builds it before the tests, where nobody waits for a single one.
if (import.meta.main) {
  const missing = goMissing();
  if (missing) throw new Error(`FerretDB cannot be built: ${missing}.`);
  process.stdout.write(`${buildFerretdb()}\n`);
}
