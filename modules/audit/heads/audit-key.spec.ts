import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditKey } from './audit-key.js';
import { AuditKeyMissing, AuditKeyUnusable } from './audit-key.errors.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  path = join(folder, 'keys', 'audit.key');
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

describe('the key of the audit', () => {
  it('is made once, whole, by however many start together, for its user only', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => AuditKey.load(path)));
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1);
    expect((await readdir(join(folder, 'keys'))).sort()).toEqual(['audit.key', 'audit.pub']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'keys', 'audit.pub'), 'utf8')).toBe(keys[0]!.publicPem);
  });

  it('is not made a second time beside the one that signs already', async () => {
    const loading = AuditKey.load(path, { signedBy: async () => '0123456789abcdef' });
    await expect(loading).rejects.toThrow(AuditKeyMissing);
    await expect(loading).rejects.toThrow(/signed with key 0123456789abcdef, .* same file in PERDURE_AUDIT_KEY_FILE/);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    const first = await AuditKey.load(path, { signedBy: async () => undefined });
    const signedBy = jest.fn(async () => 'another');
    // Put in place of the old one on purpose.
    expect((await AuditKey.load(path, { signedBy })).keyId).toBe(first.keyId);
    expect(signedBy).not.toHaveBeenCalled();
  });

  it('is said to be unusable where it is no key', async () => {
    await AuditKey.load(path);
    await writeFile(path, 'nonsense');
    await expect(AuditKey.load(path)).rejects.toThrow(AuditKeyUnusable);
  });

  it('remembers the last head also in another process', async () => {
    await (await AuditKey.load(path)).remember('a note');
    expect(await (await AuditKey.load(path)).rememberedHead()).toBe('a note');
  });

  // Root may write everywhere.
  (process.getuid?.() === 0 ? it.skip : it)('remembers in memory where its folder may only be read', async () => {
    const key = await AuditKey.load(path);
    await chmod(join(folder, 'keys'), 0o500);
    await key.remember('a note');
    expect(await key.rememberedHead()).toBe('a note');
    await chmod(join(folder, 'keys'), 0o700);
  });
});
