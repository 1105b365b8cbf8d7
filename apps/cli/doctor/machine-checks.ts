import { statfs } from 'node:fs/promises';
import { type Check, fail, ok, warn } from './check.js';

const NEEDED_NODE = 24;
const MIB = 2 ** 20;
/** Below this much free space there is a warning, and below that it fails. */
const LITTLE_SPACE = 1_024 * MIB;
const NO_SPACE = 100 * MIB;
/** Seconds that two clocks may differ. */
const SMALL_SKEW = 5;

export function checkNode(version: string): Check {
  if (parseInt(version, 10) >= NEEDED_NODE) return ok('Node', version);
  return fail('Node', `${version} is too old`, `Install Node ${NEEDED_NODE} or newer.`);
}

/** The space that is left for the folder of the data. */
export async function checkDisk(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  return checkSpace(folder, bavail * bsize);
}

/** The same, where the free bytes are known. */
export function checkSpace(folder: string, free: number): Check {
  const found = `${Math.floor(free / MIB).toLocaleString('en-US')} MiB free at ${folder}`;
  const cure = 'Free some space, or move the data to a larger disk: a full one refuses every command.';
  if (free < NO_SPACE) return fail('disk', found, cure);
  return free < LITTLE_SPACE ? warn('disk', found, cure) : ok('disk', found);
}

/** This machine's clock beside that of the server, and the newest event, which cannot be of the future. All in milliseconds. */
export function checkClock(now: number, server?: number, newestEvent?: number): Check {
  const cure = 'Set the clocks, best by NTP: times of events and of jobs go by them.';
  const ahead = ((newestEvent ?? 0) - now) / 1_000;
  if (ahead > SMALL_SKEW) return warn('clock', `the newest event is ${Math.round(ahead)} s in the future`, cure);
  // The server tells whole seconds.
  const apart = server === undefined ? 0 : Math.abs(now - server) / 1_000 - 1;
  if (apart > SMALL_SKEW) return warn('clock', `the server's is ${Math.round(apart)} s away from this machine's`, cure);
  return ok('clock', new Date(now).toISOString());
}
