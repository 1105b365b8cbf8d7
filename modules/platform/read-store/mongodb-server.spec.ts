import { describe, expect, it } from '@jest/globals';
import {
  MongoBulkWriteError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  type AnyError,
  type BulkWriteResult,
  type WriteConcernError,
  type WriteError,
} from 'mongodb';
import { NoAnswerInTime } from '../in-time.js';
import { translated } from './mongodb-server.js';
import { CheckpointMoved, DocumentNotStorable, ReadStoreUnavailable } from './read-store.errors.js';

/** As the driver makes it: of what stopped it, or of a summary of what was refused. */
function bulk(reason: AnyError | { message: string; code: number; writeErrors?: WriteError[] }): MongoBulkWriteError {
  return new MongoBulkWriteError(reason, {} as BulkWriteResult);
}

function refused(...codes: number[]): MongoBulkWriteError {
  const writeErrors = codes.map((code, index) => ({ index, code, errmsg: `error ${code}` }) as WriteError);
  return bulk({ message: 'refused', code: codes[0]!, writeErrors });
}

/** The driver keeps the class of it to itself. */
function withoutMajority(): MongoBulkWriteError {
  const error = new MongoBulkWriteError({ message: 'n/a' } as AnyError, {} as BulkWriteResult);
  return Object.assign(error, { err: { code: 64, errmsg: 'waiting timed out' } as WriteConcernError });
}

const passing: [string, unknown][] = [
  ['a connection that breaks', new MongoNetworkError('connection 1 to 127.0.0.1:27017 closed')],
  ['a server that is silent', new MongoNetworkTimeoutError('connection 1 to 127.0.0.1:27017 timed out')],
  ['a read that takes too long', new NoAnswerInTime(7_000)],
  ['a socket that is gone', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
  ['a step-down', new MongoServerError({ message: 'not primary', code: 10_107 })],
  ['a bulk write whose connection breaks', bulk(new MongoNetworkError('closed'))],
  ['a bulk write whose server is silent', bulk(new MongoNetworkTimeoutError('timed out'))],
  ['a bulk write on a socket that is gone', bulk(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))],
  ['a bulk write during a step-down', bulk(new MongoServerError({ message: 'not primary', code: 10_107 }))],
  ['a bulk write that ran out of time', bulk(new MongoServerError({ message: 'time', code: 50 }))],
  ['a bulk write without a majority', bulk({ message: 'waiting for replication timed out', code: 64 })],
  ['a majority that did not come', withoutMajority()],
  ['one refusal of many that will pass', refused(11_000, 189)],
];

const tooLarge: [string, unknown][] = [
  ['an answer to one write', new MongoServerError({ message: 'too large', code: 10_334 })],
  ['an answer to a bulk write', bulk(new MongoServerError({ message: 'too large', code: 17_419 }))],
  ['one of the documents', refused(17_420)],
  ['one of the documents, while others fail for now', refused(189, 10_334)],
  [
    'the driver, before it sends anything',
    new MongoInvalidArgumentError('Document is larger than the maximum size 16'),
  ],
];

describe('an error of MongoDB', () => {
  it.each(passing)('is one that a retry can mend: %s', (_, error) => {
    const told = translated(error);
    expect(told).toBeInstanceOf(ReadStoreUnavailable);
    expect((told as Error).cause).toBe(error);
  });

  it.each(tooLarge)('tells that a document is too large: %s', (_, error) => {
    expect(translated(error)).toBeInstanceOf(DocumentNotStorable);
  });

  it.each([
    ['ours', new CheckpointMoved('p')],
    ['a mistake of programming', new TypeError('undefined is not a function')],
    ['a mistake in a command', new MongoServerError({ message: 'unknown operator', code: 2 })],
    ['a mistake in a bulk write', refused(2, 11_000)],
    ['nothing but a text', 'text'],
  ])('stays what it is: %s', (_, error) => {
    expect(translated(error)).toBe(error);
  });
});
