import { text, wholeNumber, type Setting } from './setting.js';

/** How the log is made safe against changes that nobody notices. */
export const auditSettings = {
  auditKeyFile: text(
    {
      name: 'PERDURE_AUDIT_KEY_FILE',
      meaning:
        'Ed25519 key in PEM that signs the heads of the audit tree; made at the first start where it is missing.',
    },
    '<data>/audit.key',
    'a file',
  ),
  auditEvery: wholeNumber(
    { name: 'PERDURE_AUDIT_EVERY', meaning: 'Seconds between two signed heads, where the log has grown.' },
    60,
    1,
    86_400,
  ),
} as const satisfies Record<string, Setting<unknown>>;
