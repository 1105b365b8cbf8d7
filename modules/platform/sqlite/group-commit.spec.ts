import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DomainError } from '#kernel/errors';
import { GroupCommit } from './group-commit.js';
import { SqliteDatabase } from './sqlite-database.js';

const inMemory = { durability: 'full', maxQueued: 10, afterCommit: () => {}, onDurable: () => {} } as const;

describe('group commit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const database = SqliteDatabase.open(join(folder, 'store.db'));
  database.connection.exec('CREATE TABLE t (n INTEGER PRIMARY KEY)');

  afterEach(() => database.write(() => database.prepare('DELETE FROM t').run()));
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });
  const insert = (n: number) => database.write(() => database.prepare('INSERT INTO t VALUES (?)').run(n).changes);
  const stored = () =>
    database
      .prepare('SELECT n FROM t ORDER BY n')
      .all()
      .map((row) => row['n']);

  it('keeps the works of a group in order and answers each with its own result', async () => {
    const order: number[] = [];
    const answers = await Promise.all([1, 2, 3].map((n) => database.write(() => order.push(n))));
    expect(order).toEqual([1, 2, 3]);
    expect(answers).toEqual([1, 2, 3]);
  });

  it('refuses a work that throws a domain error alone', async () => {
    const refused = database.write(() => {
      throw new DomainError('conflict', 'no', 'No.');
    });
    const outcomes = await Promise.allSettled([insert(1), refused, insert(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(stored()).toEqual([1, 2]);
  });

  it('undoes a work that fails half-way and keeps the others', async () => {
    const half = () => {
      database.prepare('INSERT INTO t VALUES (?)').run(7);
      database.prepare('INSERT INTO t VALUES (?)').run(1);
    };
    const outcomes = await Promise.allSettled([insert(1), database.write(half), insert(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(stored()).toEqual([1, 2]);
  });

  it('keeps a patient work for the urgent one that is expected, but not for long', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const groups: number[] = [];
      const afterCommit = (works: number) => groups.push(works);
      const commits = new GroupCommit(new DatabaseSync(':memory:'), { ...inMemory, wal: undefined, afterCommit });
      await commits.add(() => 'urgent');
      const patient = commits.add(() => 'patient', 'patient');
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([patient, commits.add(() => 'urgent')]);
      expect(groups).toEqual([1, 2]);

      const alone = commits.add(() => 'patient', 'patient');
      jest.advanceTimersByTime(5);
      await alone;
      await commits.add(() => 'patient', 'patient');
      expect(groups).toEqual([1, 2, 1, 1]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('finishes what was accepted before it closes, then refuses', async () => {
    const other = SqliteDatabase.open(join(folder, 'other.db'));
    other.connection.exec('CREATE TABLE t (n)');
    const accepted = other.write(() => other.prepare('INSERT INTO t VALUES (1)').run().changes);
    await other.close();
    expect(await accepted).toBe(1);
    await expect(other.write(() => 1)).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('refuses what is over the queue limit', async () => {
    const small = SqliteDatabase.open(join(folder, 'small.db'), { maxQueuedWrites: 2 });
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => small.write(() => n)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await small.close();
  });

  it('closes when a pause ends, not before and not never', async () => {
    const connection = new DatabaseSync(':memory:');
    const commits = new GroupCommit(connection, { ...inMemory, wal: undefined });
    const resume = await commits.pause();
    const order: string[] = [];
    const held = commits.add(() => 1).then(() => order.push('held'));
    const closed = commits.close().then(() => order.push('closed'));
    order.push('resumed');
    resume();
    await Promise.all([held, closed]);
    expect(order).toEqual(['resumed', 'held', 'closed']);
  });

  it('stops when the disk does not confirm a write', async () => {
    const connection = new DatabaseSync(':memory:');
    const commits = new GroupCommit(connection, { ...inMemory, wal: join(folder, 'missing', 'wal') });
    await expect(commits.add(() => 1)).rejects.toThrow(/did not confirm a write/);
    await expect(commits.add(() => 1)).rejects.toThrow(/did not confirm a write/);
    await commits.close();
  });

  it('is shared by all who name the same file, however they spell it', async () => {
    const shared = SqliteDatabase.open(`${folder}/./store.db`);
    expect(shared).toBe(database);
    await shared.close();
    expect(await insert(1)).toBe(1);
  });
});
