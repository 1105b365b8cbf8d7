import { Injectable, Logger } from '@nestjs/common';
import { Config } from '#platform/config/config';
import { AuditKey } from './audit-key.js';
import { SignedHeads } from './signed-heads.js';

/** The key that this process signs with: one, whoever asks for it. */
@Injectable()
export class OwnKey {
  readonly #log = new Logger('Audit');
  #key: Promise<AuditKey> | undefined;

  constructor(
    private readonly config: Config,
    private readonly heads: SignedHeads,
  ) {}

  /** Made where there is none yet. Rejects with AuditKeyMissing where others have another one, and with AuditKeyUnusable. */
  load(): Promise<AuditKey> {
    // What failed once may be mended meanwhile.
    return (this.#key ??= this.#load().catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    }));
  }

  /** Undefined where there is none yet: whoever only looks must not make it. */
  async existing(): Promise<AuditKey | undefined> {
    if (this.#key) return this.#key;
    return this.#isKept && (await AuditKey.exists(this.config.auditKeyFile)) ? this.load() : undefined;
  }

  /** Events that are gone with the process need no key that stays. */
  get #isKept(): boolean {
    return this.config.eventStore !== 'sqlite::memory:';
  }

  async #load(): Promise<AuditKey> {
    if (!this.#isKept) return AuditKey.ephemeral();
    const path = this.config.auditKeyFile;
    const wasThere = await AuditKey.exists(path);
    const key = await AuditKey.load(path, { signedBy: () => this.heads.othersKey() });
    const before = wasThere ? undefined : (await this.heads.last())?.head?.keyId;
    if (before !== undefined && before !== key.keyId) {
      this.#log.warn(
        `The log is signed with key ${before} up to here, and ${path} was not there: a new key ${key.keyId} was made, which ` +
          'signs from now on. Put the old file back and start again, or verify with both public keys: the old one is in ' +
          '*.pub.before beside it, and in GET /api/v1/audit/heads.',
      );
    }
    return key;
  }
}
