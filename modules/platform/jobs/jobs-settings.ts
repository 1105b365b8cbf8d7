/** How much is remembered of jobs that have ended. What is older or over the size goes when the next one ends, oldest first. */
export interface Retention {
  /** Milliseconds. */
  readonly age: number;
  /** Of their records, as JSON. */
  readonly bytes: number;
}

/** Jobs that a worker runs at once. */
export const DEFAULT_CONCURRENCY = 16;

const MIB = 2 ** 20;
const DAY = 86_400_000;

/** How the jobs behave, wherever they are stored. */
export interface JobsSettings {
  /** Of finished and cancelled jobs; default one day and 16 MiB. */
  readonly keepFinished?: Partial<Retention>;
  /** Of dead jobs; default 30 days and 64 MiB. */
  readonly keepDead?: Partial<Retention>;
  /** Milliseconds after which a silent worker's run is taken over; default 30,000. In SQLite the process's end is seen at once. */
  readonly lock?: number;
  /** Milliseconds that a stopping worker lets its runs go on before it fires their signals; default 10,000. */
  readonly drain?: number;
  /** Milliseconds after which a call to a server that does not answer is given up; default 5,000. */
  readonly patience?: number;
  /** Numbers in [0, 1) for the jitter. */
  readonly random?: () => number;
  /** Told of what an operator should know. Default: a warning of the process. */
  readonly warn?: (message: string) => void;
}

export type FullJobsSettings = Required<Omit<JobsSettings, 'keepFinished' | 'keepDead'>> & {
  readonly keepFinished: Retention;
  readonly keepDead: Retention;
};

export function withDefaults({ keepFinished, keepDead, ...given }: JobsSettings): FullJobsSettings {
  return {
    lock: given.lock ?? 30_000,
    drain: given.drain ?? 10_000,
    patience: given.patience ?? 5_000,
    random: given.random ?? Math.random,
    warn: given.warn ?? ((message) => process.emitWarning(message)),
    keepFinished: { age: DAY, bytes: 16 * MIB, ...keepFinished },
    keepDead: { age: 30 * DAY, bytes: 64 * MIB, ...keepDead },
  };
}
