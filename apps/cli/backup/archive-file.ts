import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { ArchiveDamaged } from '#platform/copying/archive';

/** Writes the lines, packed; resolves when they are on the disk. */
export async function writeArchiveFile(file: string, lines: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(withEndings(lines)), createGzip({ level: 6 }), createWriteStream(file));
  const written = await open(file, 'r+');
  await written.sync();
  await written.close();
}

/** The lines of a packed archive. Throws ArchiveDamaged where it cannot be unpacked. */
export async function* archiveFile(file: string): AsyncGenerator<string> {
  const unpacked = createGunzip();
  const source = createReadStream(file);
  source.on('error', (error) => unpacked.destroy(error));
  let number = 0;
  try {
    for await (const line of createInterface({ input: source.pipe(unpacked), crlfDelay: Infinity })) {
      number++;
      yield line;
    }
    // A reader of lines ends quietly where its input fails.
    if (unpacked.errored) throw unpacked.errored;
  } catch (error) {
    if (error instanceof ArchiveDamaged) throw error;
    throw new ArchiveDamaged(number + 1, `It cannot be unpacked (${(error as Error).message}).`);
  } finally {
    source.destroy();
  }
}

async function* withEndings(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
