import {
  MongoBulkWriteError,
  MongoClient,
  MongoInvalidArgumentError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
  type Db,
} from 'mongodb';
import { NoAnswerInTime } from '../in-time.js';
import { DocumentNotStorable, ReadStoreUnavailable } from './read-store.errors.js';

/** Milliseconds that the server has for the answer to one query, all its batches together. */
export const QUERY_MS = 5_000;
/** Milliseconds until a read is given up, the way there and back included. */
export const READ_MS = 7_000;
/** Milliseconds until a server that cannot be reached is given up; at the start, when it may be starting, too. */
const SELECTION_MS = 3_000;
const OPENING_MS = 10_000;
/** Milliseconds until a connection on which nothing comes back is given up. */
const SILENCE_MS = 30_000;
const DEFAULT_DATABASE = 'perdure';

export interface MongoDbOptions {
  /** `full`: a write is answered when a majority has it on disk; `normal`: in memory. Default `full`. */
  readonly durability?: 'full' | 'normal';
}

/** A server, and what it can do. */
export interface MongoDbServer {
  readonly client: MongoClient;
  readonly db: Db;
  /** Several documents change together, or none does: a replica set or a cluster. */
  readonly transactions: boolean;
  /**
   * FerretDB on SQLite: no array within an array; nothing but a filter on `_id` alone finds its document without a look at all of
   * them; a change is not one step with the condition it has.
   */
  readonly isFerretDb: boolean;
}

/** Connects, and asks the server what it can do. Rejects with ReadStoreUnavailable. */
export async function connect(url: string, { durability = 'full' }: MongoDbOptions): Promise<MongoDbServer> {
  const client = clientOf(url, durability === 'full');
  try {
    await connected(client);
    const db = client.db(databaseOf(url));
    const [hello, build] = await Promise.all([db.command({ hello: 1 }), db.admin().buildInfo()]);
    const transactions = 'setName' in hello || hello['msg'] === 'isdbgrid';
    return { client, db, transactions, isFerretDb: 'ferretdbVersion' in build || 'ferretdb' in build };
  } catch (error) {
    await client.close();
    throw new ReadStoreUnavailable(
      `No MongoDB answers at ${hostsOf(url)}: ${(error as Error).message}. Start it, or correct PERDURE_READ_STORE.`,
      { cause: error },
    );
  }
}

async function connected(client: MongoClient): Promise<void> {
  const until = performance.now() + OPENING_MS;
  for (;;) {
    try {
      return void (await client.connect());
    } catch (error) {
      if (performance.now() + SELECTION_MS > until || !(error instanceof MongoServerSelectionError)) throw error;
    }
  }
}

function clientOf(url: string, journal: boolean): MongoClient {
  try {
    return new MongoClient(url, {
      ...(!/[?&]serverSelectionTimeoutMS=/i.test(url) && { serverSelectionTimeoutMS: SELECTION_MS }),
      socketTimeoutMS: SILENCE_MS,
      writeConcern: { w: 'majority', journal },
      readPreference: 'primary',
      appName: 'perdure',
    });
  } catch (error) {
    if (!(error instanceof MongoParseError)) throw error;
    throw new ReadStoreUnavailable(
      `${hostsOf(url)} is not an address of MongoDB: ${error.message}. Correct PERDURE_READ_STORE.`,
    );
  }
}

function databaseOf(url: string): string {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1];
  return name ? decodeURIComponent(name) : DEFAULT_DATABASE;
}

/** Never the user or the password. */
function hostsOf(url: string): string {
  return /^mongodb(?:\+srv)?:\/\/(?:.*@)?([^/?@]*)/.exec(url)?.[1] ?? 'the address';
}

export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === 11_000;
}

/** A compound index over two arrays of one document, which MongoDB does not keep. */
export function isParallelArrays(error: unknown): boolean {
  return codeOf(error) === 171;
}

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

const UNREACHABLE = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoPoolClearedError',
  'MongoPoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
]);
/** Of a socket, which the driver now and then hands on as it got them. */
const BROKEN = new Set([
  'EPIPE',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);
/** Stepping down, shutting down, catching up (the server's list of errors that a retry can mend), and no majority. */
const PASSING = new Set([6, 7, 64, 89, 91, 112, 189, 262, 9001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** Of a document, or of the command that it made. */
const TOO_LARGE = new Set([10_334, 17_419, 17_420]);

/** The error in the port's words; those of our own and those of programming stay what they are. */
export function translated(error: unknown): unknown {
  const reasons = reasonsOf(error);
  const codes = reasons.map(codeOf);
  if (error instanceof MongoServerError && codes.includes(50)) {
    const cure = 'Ask for less, or declare an index for the filter.';
    return new ReadStoreUnavailable(`MongoDB did not answer within ${QUERY_MS} ms. ${cure}`, { cause: error });
  }
  // A document that is too large stays so: whoever were told to try again would do it for ever.
  if (codes.some((code) => TOO_LARGE.has(code as number)) || reasons.some(isRefusedForItsSize)) return tooLarge();
  if (reasons.some(isPassing)) {
    return new ReadStoreUnavailable(`MongoDB does not answer now: ${(error as Error).message}`, { cause: error });
  }
  return error;
}

/** The error, and what is inside it: a bulk write hides in an error of its own whatever stopped it, and lists what it was refused. */
function reasonsOf(error: unknown): unknown[] {
  if (!(error instanceof MongoBulkWriteError)) return [error];
  return [error, error.cause, error.errorResponse, error.err, [error.writeErrors].flat()].flat().filter(Boolean);
}

function isPassing(reason: unknown): boolean {
  const code = codeOf(reason);
  return (
    reason instanceof NoAnswerInTime ||
    UNREACHABLE.has((reason as Error).name) ||
    BROKEN.has(code as string) ||
    PASSING.has(code as number)
  );
}

/** By the driver, before it sends anything. */
function isRefusedForItsSize(reason: unknown): boolean {
  return reason instanceof MongoInvalidArgumentError && reason.message.startsWith('Document is larger than');
}

export function tooLarge(): DocumentNotStorable {
  return new DocumentNotStorable('A document has at most 16 MiB in MongoDB; this one is larger. Split it.');
}
