import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotLaunch } from './cannot-launch.mjs';

const SOURCES = ['apps', 'modules', 'read-models', 'projections', 'migrations'];
const SETTINGS = ['package.json', 'tsconfig.json', 'nest-cli.json', '.swcrc'];

/** Whether dist/ was built from the sources as they are now. A copy that was shipped without sources counts as built. */
export function isBuilt(root) {
  const stamp = join(root, 'dist', '.stamp');
  if (!existsSync(join(root, 'tsconfig.json'))) return true;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stateOfSources(root);
}

/** Builds dist/, one process at a time: the others wait and find it built. */
export async function build(root) {
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  if (!existsSync(nest)) throw new CannotLaunch(`Run 'npm ci' in ${root} first: Perdure has to be built.`);
  const unlock = await lock(root);
  try {
    if (isBuilt(root)) return;
    process.stderr.write('Building Perdure ...\n');
    const state = stateOfSources(root);
    const { status, stdout, stderr } = spawnSync(process.execPath, [nest, 'build'], { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new CannotLaunch(`${stdout}${stderr}\nThe build failed; mend what stands above.`);
    writeFileSync(join(root, 'dist', '.stamp'), state);
  } finally {
    unlock();
  }
}

/** The number of source files and the time of the last change: cheap, and different after any edit, addition or removal. */
function stateOfSources(root) {
  let files = 0;
  let newest = 0;
  for (const path of [...SETTINGS, ...SOURCES.flatMap((folder) => filesIn(root, folder))]) {
    const { mtimeMs } = statSync(join(root, path), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    files++;
    newest = Math.max(newest, mtimeMs);
  }
  return `${files} ${newest}`;
}

function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** A file that only one process can create; one left behind by a process that is gone does not count. */
async function lock(root) {
  const cache = join(root, 'node_modules', '.cache');
  const file = join(cache, 'perdure-build.lock');
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isRunning(file)) rmSync(file, { force: true });
      else await delay(50);
    }
  }
}

function isRunning(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Just created, its number is not written yet.
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}
