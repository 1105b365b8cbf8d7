import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { access, chmod, link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AuditKeyMissing, AuditKeyUnusable } from './audit-key.errors.js';
import { keyIdOf, rawKey } from './signed-note.js';

export interface LoadOptions {
  /** Asked where there is no file yet: the id of the key that signs already, so that no second one is made beside it. */
  readonly signedBy?: () => Promise<string | undefined>;
}

/**
 * The key that signs heads, and beside it the last head that it has signed: who puts an older state of the store in place without
 * this file too is found out.
 */
export class AuditKey {
  readonly publicKey: KeyObject;
  readonly keyId: string;
  #remembered: string | undefined;
  #isReadOnly = false;

  /**
   * Reads the file, or makes it with a new key: readable by this user only, with the public key beside it in `<name>.pub`. Of many
   * processes that do so at once over one folder, one makes it. Rejects with AuditKeyUnusable, and with AuditKeyMissing where another
   * key signs already.
   */
  static async load(path: string, { signedBy }: LoadOptions = {}): Promise<AuditKey> {
    const signer = signedBy && !(await exists(path)) ? await signedBy() : undefined;
    if (signer !== undefined) throw new AuditKeyMissing(path, signer);
    try {
      const isNew = await create(path);
      const key = new AuditKey(privateKeyIn(path, await readFile(path)), beside(path, 'head'));
      if (isNew) await publish(beside(path, 'pub'), key.publicPem);
      return key;
    } catch (error) {
      throw error instanceof AuditKeyUnusable ? error : new AuditKeyUnusable(path, (error as Error).message);
    }
  }

  /** Whether there is a file: also where it may not be read. */
  static exists(path: string): Promise<boolean> {
    return exists(path);
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
    if (!this.headFile || this.#isReadOnly) return this.#remembered;
    try {
      return await readFile(this.headFile, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Durable when it resolves: a kill leaves the head before or this one. Where the folder may only be read, in memory. */
  async remember(note: string): Promise<void> {
    this.#remembered = note;
    if (!this.headFile || this.#isReadOnly) return;
    const next = `${this.headFile}.${randomUUID().slice(0, 8)}`;
    try {
      await writeDurably(next, note, 0o644);
      await rename(next, this.headFile);
    } catch (error) {
      if (!READ_ONLY.includes(codeOf(error))) throw error;
      this.#isReadOnly = true;
    }
  }
}

/** What OpenSSL says of a text that is no key helps nobody. */
function privateKeyIn(path: string, content: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(content);
  } catch {
    throw new AuditKeyUnusable(path, 'what stands there is no private key in PEM');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new AuditKeyUnusable(path, `it is a key for ${key.asymmetricKeyType}, and not for Ed25519`);
  }
  return key;
}

/** What an earlier key signed is verified with its public key: that stays, too. */
async function publish(path: string, pem: string): Promise<void> {
  if (await exists(path)) await rename(path, `${path}.before`);
  await writeFile(path, pem);
}

/** A secret that is mounted into a container can be read, and nothing can be put beside it. */
const READ_ONLY: readonly (string | undefined)[] = ['EROFS', 'EACCES', 'EPERM'];

/** False where the file is there. The key comes into place whole: nobody reads half of one, whoever is killed meanwhile. */
async function create(path: string): Promise<boolean> {
  if (await exists(path)) return false;
  await mkdir(dirname(path), { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519');
  const next = `${path}.${randomUUID().slice(0, 8)}`;
  await writeDurably(next, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
  try {
    // Unlike a renaming, it does not take the place of what another process has put there meanwhile.
    await link(next, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(next);
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
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
