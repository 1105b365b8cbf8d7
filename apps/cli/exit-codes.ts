/** How a command ended, as the shell sees it. `perdure --help` prints this table. */
export const EXIT = {
  ok: 0,
  /** It could not be done; the message on stderr names the cure. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** An import read its whole file, but some rows were refused. */
  refused: 3,
  /** Two stores were compared and are not the same. */
  different: 4,
  /** Stopped with Ctrl-C. */
  interrupted: 130,
} as const;

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
