import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START } from '#kernel/event';
import type { Config } from '#platform/config/config';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { AuditKey } from './audit-key.js';
import { AuditKeyMissing, AuditKeyUnusable } from './audit-key.errors.js';
import { OwnKey } from './own-key.js';
import { signHead } from './signed-head.js';
import { SignedHeads } from './signed-heads.js';

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
    const said = /cannot be used: what stands there is no private key in PEM\. Put it back .* genpkey .* makes one\.$/;
    await expect(AuditKey.load(path)).rejects.toThrow(said);
    const { privateKey } = generateKeyPairSync('x25519');
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(AuditKey.load(path)).rejects.toThrow(/used: it is a key for x25519, and not for Ed25519\. Put/);
    await rm(path);
    await mkdir(path);
    await expect(AuditKey.load(path)).rejects.toThrow(/used: EISDIR: [^.]*\. Put/);
  });

  it('leaves the public key of the one before it, and says that there was one', async () => {
    const events = await SqliteEventStore.open(':memory:');
    const config = { eventStore: 'sqlite:store.db', auditKeyFile: path } as Config;
    const heads = new SignedHeads(events);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    try {
      expect(await new OwnKey(config, heads).existing()).toBeUndefined();
      const first = await new OwnKey(config, heads).load();
      expect((await new OwnKey(config, heads).existing())?.keyId).toBe(first.keyId);
      const head = { size: 0, root: Buffer.alloc(32), at: '2026-01-01T00:00:00.000Z' };
      await heads.append(signHead(head, START, first.privateKey), undefined);
      await new OwnKey(config, heads).load();
      expect(warn).not.toHaveBeenCalled();
      await rm(path);
      const second = await new OwnKey(config, heads).load();
      expect(warn.mock.calls).toEqual([[expect.stringMatching(`${first.keyId}.* was not there: .*${second.keyId}`)]]);
      expect(await readFile(join(folder, 'keys', 'audit.pub.before'), 'utf8')).toBe(first.publicPem);
      expect(await readFile(join(folder, 'keys', 'audit.pub'), 'utf8')).toBe(second.publicPem);
    } finally {
      warn.mockRestore();
      await events.close();
    }
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
