import { DomainError, type Violation } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

/** A client sent what only Perdure may write: it could show somebody else's value. */
export class SealedInput extends DomainError {
  constructor(pointers: readonly string[]) {
    const violations = pointers.map((pointer): Violation => {
      return { pointer, detail: "'$sealed' marks what Perdure sealed itself. Send the value, or use another name." };
    });
    super('unprocessable', 'sealed-input', "The name '$sealed' is Perdure's own; see errors for where.", violations);
  }
}

/** The id of a subject cannot name an object. */
export class UnusableSubject extends DomainError {
  constructor(subject: string) {
    const detail = `'${subject.slice(0, 50)}…' cannot be the id of a subject: it must be 1 to 200 printable characters.`;
    super(
      'unprocessable',
      'unusable-subject',
      `${detail} Give the object a shorter id, or name the subject by a field.`,
    );
  }
}

/** Keys are there, and the key that wraps them is not. */
export class MasterKeyMissing extends DomainError {
  constructor(file: string) {
    super(
      'unavailable',
      'master-key-missing',
      `The keys of personal data are wrapped by a master key, and there is none in PERDURE_MASTER_KEY or in ${file}. ` +
        'Put it back from where it is kept; without it personal values cannot be read or written.',
    );
  }
}

/** No master key is made where several processes would each make their own. */
export class MasterKeyNotSet extends DomainError {
  constructor(file: string) {
    super(
      'unavailable',
      'master-key-missing',
      'Several processes may share these stores, so that none makes a master key for all. Make one, such as with ' +
        `\`openssl rand -base64 32\`, and give all of them the same in PERDURE_MASTER_KEY, or in ${file}.`,
    );
  }
}

/** Others may append to the same events, and would not find keys that are kept here. */
export class KeysNotShared extends DomainError {
  constructor(keys: string) {
    super(
      'unavailable',
      'keys-not-shared',
      'Others may read and write the same events, and must find the same keys of personal data. Set PERDURE_KEYS to a MongoDB ' +
        `that all processes use, or, where there is only this one, PERDURE_KEYS=${keys}.`,
    );
  }
}

/** The master key is not the one that wrapped the keys. */
export class MasterKeyDiffers extends DomainError {
  constructor(from: string) {
    super(
      'unavailable',
      'master-key-differs',
      `The keys of personal data are wrapped by another master key than that in ${from}. Put the right one back, or ` +
        'rewrap the keys from the old one to the new one.',
    );
  }
}

/** The master key has another form. */
export class MasterKeyUnusable extends DomainError {
  constructor(from: string) {
    super(
      'unavailable',
      'master-key-unusable',
      `What stands in ${from} is no master key: it must be 32 random bytes in base64, such as from \`openssl rand -base64 32\`.`,
    );
  }
}

const LOST = {
  all: (place: string) => `Personal data was stored, and its keys are not in ${place}.`,
  older: (place: string) =>
    `Keys of personal data are lost: those in ${place} were all made after it was gone once. Keep a copy of it, too, before another takes its place.`,
  some: (place: string) => `Personal data is sealed with keys that are not in ${place}: it is older than the events.`,
} as const;

/** Keys are gone that nobody destroyed. */
export class KeysLost extends DomainError {
  constructor(place: string, which: keyof typeof LOST) {
    super(
      'unavailable',
      'keys-lost',
      `${LOST[which](place)} The values read as null, as if they were erased. End Perdure, bring the keys (keys.db) back from ` +
        'their own backup, or set PERDURE_KEYS to where they are, and start again.',
    );
  }
}

/** Whether there is something wrong with the master key itself, which waiting does not mend. */
export function isAboutMasterKey(error: unknown): boolean {
  return [MasterKeyMissing, MasterKeyDiffers, MasterKeyUnusable].some((kind) => error instanceof kind);
}

defineProblems({
  'sealed-input': {
    kind: 'unprocessable',
    title: "The name '$sealed' is Perdure's own",
    cure: 'Send the value itself, or use another name.',
  },
  'unusable-subject': {
    kind: 'unprocessable',
    title: 'The subject of the personal data cannot be named so',
    cure: 'Use an id of 1 to 200 printable characters.',
  },
  'keys-not-shared': {
    kind: 'unavailable',
    title: 'It is not settled where the keys of personal data are',
    cure: 'Set PERDURE_KEYS.',
  },
  'keys-lost': {
    kind: 'unavailable',
    title: 'Keys of personal data are lost',
    cure: 'Bring them back from their own backup, or set PERDURE_KEYS to where they are.',
  },
  'master-key-missing': {
    kind: 'unavailable',
    title: 'The master key of personal data is missing',
    cure: 'Set PERDURE_MASTER_KEY, or put its file back.',
  },
  'master-key-differs': {
    kind: 'unavailable',
    title: 'The master key is not the one that wrapped the keys',
    cure: 'Put the right one back, or rewrap the keys.',
  },
  'master-key-unusable': {
    kind: 'unavailable',
    title: 'The master key cannot be used',
    cure: 'Give 32 random bytes in base64.',
  },
});
