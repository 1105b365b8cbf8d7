import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the shell would find a program; undefined where it would not. */
export function pathOf(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
