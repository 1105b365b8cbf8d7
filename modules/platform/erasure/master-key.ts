import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { MasterKeyMissing, MasterKeyNotSet, MasterKeyUnusable } from './erasure.errors.js';
import { IV_BYTES, KEY_BYTES, type Randomness, type SubjectKey, TAG_BYTES } from './sealed-value.js';

/** Where the master key is. */
export interface MasterKeyPlace {
  /** Itself, base64 (PERDURE_MASTER_KEY); empty or left out where it is in a file. */
  readonly key?: string;
  /** A file with it (PERDURE_MASTER_KEY_FILE); empty or left out for one in memory, which ends with the process. */
  readonly file?: string;
}

/** Wraps the keys of subjects: who has only their store can read nothing. */
export class MasterKey {
  /** Tells master keys apart, and says nothing about them. */
  readonly fingerprint: string;

  constructor(
    private readonly secret: Buffer,
    /** Where it came from, in words. */
    readonly from: string,
  ) {
    this.fingerprint = createHmac('sha256', secret).update('perdure master key').digest('base64url').slice(0, 16);
  }

  wrap(key: SubjectKey, random: Randomness): string {
    const iv = random(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.secret, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(contextOf(key));
    return Buffer.concat([iv, cipher.update(key.secret), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** Throws where another master key wrapped it, or for another subject. */
  unwrap(wrapped: string, key: Omit<SubjectKey, 'secret'>): SubjectKey {
    const bytes = Buffer.from(wrapped, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.secret, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(contextOf(key)).setAuthTag(bytes.subarray(-TAG_BYTES));
    const secret = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return { ...key, secret };
  }
}

/** The master key that is there. Throws MasterKeyMissing, MasterKeyUnusable. */
export function readMasterKey({ key, file }: MasterKeyPlace): MasterKey {
  if (key) return parsed(key, 'PERDURE_MASTER_KEY');
  if (!file || !existsSync(file)) throw new MasterKeyMissing(file || 'memory');
  return parsed(readFileSync(file, 'utf8').trim(), file);
}

/**
 * The master key, made where there is none yet: no key has been wrapped so far. It is durable before anything is wrapped with it.
 * Throws MasterKeyNotSet where others share the keys and would each make their own.
 */
export function readOrMakeMasterKey(place: MasterKeyPlace, shared: boolean, random: Randomness): MasterKey {
  const { key, file } = place;
  if (key || (file && existsSync(file))) return readMasterKey(place);
  if (shared) throw new MasterKeyNotSet(file ?? 'a file');
  const made = random(KEY_BYTES);
  if (file) writeDurably(file, `${made.toString('base64')}\n`);
  return new MasterKey(made, file ?? 'memory');
}

function parsed(text: string, from: string): MasterKey {
  const secret = Buffer.from(text, 'base64');
  if (secret.length !== KEY_BYTES || !/^[\w+/-]{43}=?$/.test(text)) throw new MasterKeyUnusable(from);
  return new MasterKey(secret, from);
}

/** Only this user may read it. */
function writeDurably(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'wx', 0o600);
  writeSync(descriptor, text);
  fsyncSync(descriptor);
  closeSync(descriptor);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function contextOf({ id, tenant, subject }: Omit<SubjectKey, 'secret'>): Buffer {
  return Buffer.from(JSON.stringify(['perdure subject key', 'v1', id, tenant, subject]));
}
