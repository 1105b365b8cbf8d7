import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of a program beside the module with this URL: built where the bench itself is, else as it was written. */
export function programPath(name: string, beside: string): string {
  return fileURLToPath(new URL(name + extname(beside), beside));
}
