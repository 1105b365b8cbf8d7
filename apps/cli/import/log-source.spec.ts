import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openLog } from './log-source.js';

const text = 'id,name\n1,Zoë Ångström\n'.repeat(20_000);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function read(path: string, encoding = 'utf-8'): Promise<string> {
  return (await Array.fromAsync((await openLog(path, encoding)).text)).join('');
}

describe('openLog', () => {
  it('reads text without its byte order mark, and knows how far it is', async () => {
    const path = await file('plain.csv', `\ufeff${text}`);
    const source = await openLog(path, 'utf-8');
    expect((await Array.fromAsync(source.text)).join('')).toBe(text);
    expect(source.size).toBe(Buffer.byteLength(text) + 3);
    expect(source.bytesRead()).toBe(source.size);
  });

  it('unpacks gzip, whatever the name', async () => {
    expect(await read(await file('packed.csv.gz', gzipSync(text)))).toBe(text);
    expect(await read(await file('packed.csv', gzipSync(text)))).toBe(text);
    expect(await read(await file('empty.csv', ''))).toBe('');
  });

  it('reads other encodings', async () => {
    expect(await read(await file('latin.csv', Buffer.from('Zoë', 'latin1')), 'latin1')).toBe('Zoë');
  });

  it('says what to do about a damaged or foreign file', async () => {
    const cut = gzipSync(text).subarray(0, 200);
    await expect(read(await file('cut.gz', cut))).rejects.toThrow(
      'The packed file is damaged (unexpected end of file)',
    );
    const latin = await file('latin.csv', Buffer.from('Zoë', 'latin1'));
    await expect(read(latin)).rejects.toThrow('The file is not utf-8. Name its encoding, such as --encoding latin1.');
    await expect(read(join(folder, 'none.csv'))).rejects.toThrow(/^There is no file/);
    await expect(read(folder)).rejects.toThrow(/is a folder/);
    await expect(read(latin, 'klingon')).rejects.toThrow("There is no encoding 'klingon'");
  });
});
