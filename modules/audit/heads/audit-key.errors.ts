import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

const HOW = 'openssl genpkey -algorithm ed25519 -out audit.key';

/** The file cannot serve as the key of the audit. */
export class AuditKeyUnusable extends DomainError {
  /** `why` is a clause without a full stop. */
  constructor(path: string, why: string) {
    super(
      'unavailable',
      'audit-key-unusable',
      `The audit's key ${path} cannot be used: ${why}. Put it back from its copy, or name another Ed25519 key in PEM (PKCS#8) in ` +
        `PERDURE_AUDIT_KEY_FILE; \`${HOW}\` makes one.`,
    );
  }
}

/** Another process signs the same log, and this one has not got its key. */
export class AuditKeyMissing extends DomainError {
  constructor(path: string, signer: string) {
    super(
      'unavailable',
      'audit-key-missing',
      `The log is signed with key ${signer}, and ${path} is not there. Give all processes the same file in ` +
        `PERDURE_AUDIT_KEY_FILE; to change the key, make a new file for all of them: \`${HOW}\`.`,
    );
  }
}

defineProblems({
  'audit-key-unusable': {
    kind: 'unavailable',
    title: 'The key that signs the log cannot be used',
    cure: 'Put it back, or name another Ed25519 key in PEM (PKCS#8) in PERDURE_AUDIT_KEY_FILE.',
  },
  'audit-key-missing': {
    kind: 'unavailable',
    title: 'The log is signed with a key that this process has not got',
    cure: 'Give all processes the same file in PERDURE_AUDIT_KEY_FILE.',
  },
});
