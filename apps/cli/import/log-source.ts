import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { CommandFailed, UsageError } from '../exit-codes.js';

/** A log as a stream of text, from a file or from standard input, unpacked where it is packed. */
export interface LogSource {
  /** Bytes of the file; undefined where nobody knows. */
  readonly size: number | undefined;
  /** Bytes read so far, before unpacking. */
  readonly bytesRead: () => number;
  /** Throws CommandFailed where the bytes are damaged or not of this encoding. */
  readonly text: AsyncIterable<string>;
}

/** Opens FILE, or standard input for `-`. Throws UsageError where there is no such file or no such encoding. */
export async function openLog(file: string, encoding: string): Promise<LogSource> {
  const decoder = decoderOf(encoding);
  const size = file === '-' ? undefined : await sizeOf(file);
  const source: Readable = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 2 ** 18 });
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  return { size, bytesRead: () => read, text: decoded(unpacked(counted()), decoder, encoding) };
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new UsageError(`There is no encoding '${encoding}'. Name one such as utf-8, latin1 or utf-16le.`);
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw new UsageError(`There is no file '${file}'.`);
  if (found.isDirectory()) throw new UsageError(`'${file}' is a folder. Name a file in it.`);
  return found.size;
}

/** Known by its first two bytes (RFC 1952), whatever the file is called. */
async function* unpacked(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 2) {
    const next = await chunks.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (start.length > 0) yield start;
    yield* chunks;
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* all();
    return;
  }
  // Errors, of the file and of the packing, come out where the result is read.
  const gunzip = pipeline(Readable.from(all()), createGunzip(), () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw new CommandFailed(
      `The packed file is damaged (${(error as Error).message}). Get it again and run the import again.`,
    );
  }
}

async function* decoded(chunks: AsyncIterable<Buffer>, decoder: TextDecoder, encoding: string): AsyncGenerator<string> {
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    throw new CommandFailed(`The file is not ${encoding}. Name its encoding, such as --encoding latin1.`);
  }
}
