import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { EventCatalogue } from './catalogue.js';
import { markdownOf } from './markdown.js';

/** The files do not say what the code does any more. */
export class StaleCatalogue extends Error {
  constructor(readonly files: readonly string[]) {
    super(`${files.join(' and ')} are not what the code says any more. Write them anew with: npm run generate`);
    this.name = 'StaleCatalogue';
  }
}

/** Writes `events.md` and `events.json` into the folder. */
export async function writeCatalogue(catalogue: EventCatalogue, folder: string): Promise<void> {
  for (const [path, text] of await contentsOf(catalogue, folder)) await writeFile(path, text);
}

/** Rejects with StaleCatalogue where the two files in the folder are not what would be written now. */
export async function checkCatalogue(catalogue: EventCatalogue, folder: string): Promise<void> {
  const stale: string[] = [];
  for (const [path, text] of await contentsOf(catalogue, folder)) {
    if ((await readFile(path, 'utf8').catch(() => '')) !== text) stale.push(path);
  }
  if (stale.length > 0) throw new StaleCatalogue(stale);
}

/** As Prettier leaves them, since it checks all files here. */
async function contentsOf(catalogue: EventCatalogue, folder: string): Promise<[path: string, text: string][]> {
  const [markdown, json] = [join(folder, 'events.md'), join(folder, 'events.json')];
  const formatted = async (filepath: string, text: string) =>
    format(text, { ...(await resolveConfig(filepath)), filepath });
  return [
    [markdown, await formatted(markdown, markdownOf(catalogue))],
    [json, await formatted(json, JSON.stringify(catalogue))],
  ];
}
