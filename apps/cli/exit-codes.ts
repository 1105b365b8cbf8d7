/** How a command ended, as the shell sees it. `perdure --help` prints this table. */
export const EXIT = {
  ok: 0,
  /** It could not be done, or is not as it should be; the message on stderr names the cure. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** An import read its whole file, but some rows were refused. */
  refused: 3,
  /** Two stores are not the same, or one is not as it was signed. */
  different: 4,
  /** Stopped with Ctrl-C. */
  interrupted: 130,
} as const;

/** The same in words. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done; warnings may have been printed'],
  [EXIT.failed, 'could not be done, or `doctor` found something that fails; the message names the cure'],
  [EXIT.usage, 'the command line is not understood'],
  [EXIT.refused, '`import` read the whole log, but some rows were refused'],
  [EXIT.different, '`copy` and `compare`: the stores differ; `audit verify`: not as it was signed'],
  [EXIT.interrupted, 'stopped with Ctrl-C; servers (`start`, `worker`, `dev`, `demo`) end with 0'],
];

/** Ends the command with a message for the user and no stack trace. */
export class CommandFailed extends Error {
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
  ) {
    super(message);
  }
}

/** The command line names something that is not there or does not fit together. */
export class UsageError extends CommandFailed {
  constructor(message: string) {
    super(message, EXIT.usage);
  }
}
