import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keyIdOf, rawKey } from './signed-note.js';

/** The file cannot serve as the key of the audit. */
export class AuditKeyUnusable extends Error {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(
      `The audit's key ${path} cannot be used: ${why} Name an Ed25519 key in PEM (PKCS#8) in PERDURE_AUDIT_KEY_FILE.`,
      options,
    );
    this.name = 'AuditKeyUnusable';
  }
}

/**
 * The key that signs heads, and beside it the last head that it has signed: who puts an older state of the store in place without
 * this file too is found out.
 */
export class AuditKey {
  readonly publicKey: KeyObject;
  readonly keyId: string;
  #remembered: string | undefined;

  /** Reads the file, or makes it with a new key: readable by this user only, with the public key beside it in `<name>.pub`. */
  static async load(path: string): Promise<AuditKey> {
    try {
      const isNew = await create(path);
      const key = new AuditKey(createPrivateKey(await readFile(path)), beside(path, 'head'));
      if (isNew) await writeFile(beside(path, 'pub'), key.publicPem);
      return key;
    } catch (error) {
      throw new AuditKeyUnusable(path, `${(error as Error).message}.`, { cause: error });
    }
  }

  /** A key that lasts no longer than the process: for events that do not either. */
  static ephemeral(): AuditKey {
    return new AuditKey(generateKeyPairSync('ed25519').privateKey);
  }

  private constructor(
    readonly privateKey: KeyObject,
    /** Where the last head is remembered. */
    readonly headFile?: string,
  ) {
    rawKey(privateKey);
    this.publicKey = createPublicKey(privateKey);
    this.keyId = keyIdOf(this.publicKey);
  }

  /** The public key as others take it. */
  get publicPem(): string {
    return this.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  }

  /** The note of the last head that was signed here; undefined where there is none. */
  async rememberedHead(): Promise<string | undefined> {
    if (!this.headFile) return this.#remembered;
    try {
      return await readFile(this.headFile, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Durable when it resolves: a kill leaves the head before or this one. */
  async remember(note: string): Promise<void> {
    this.#remembered = note;
    if (!this.headFile) return;
    const next = `${this.headFile}.${randomUUID().slice(0, 8)}`;
    await writeDurably(next, note, 0o644);
    await rename(next, this.headFile);
  }
}

/** False where the file is there. The key comes into place whole: a process killed meanwhile leaves no half of one. */
async function create(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeDurably(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  // The process's umask may have taken rights away, never given more.
  await chmod(path, mode);
}

/** `audit.key` has `audit.pub` and `audit.head` beside it. */
function beside(path: string, extension: string): string {
  return `${path.replace(/\.(key|pem)$/, '')}.${extension}`;
}
