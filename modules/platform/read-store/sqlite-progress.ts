import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { isSameCheckpoint, isSameLease } from './progress.js';
import { CheckpointMoved, LeaseLost } from './read-store.errors.js';
import type { Advance, Checkpoint, Lease } from './read-store.port.js';

/** How far projections have come, and who runs them. What changes something belongs into a transaction. */
export class SqliteProgress {
  constructor(private readonly database: SqliteDatabase) {}

  checkpoint(projection: string): Checkpoint | null {
    const sql = 'SELECT position, version FROM projection_checkpoints WHERE projection = ?';
    const row = this.database.prepare(sql).get(projection);
    return row ? { position: row['position'] as string, version: Number(row['version']) } : null;
  }

  /** Throws LeaseLost and CheckpointMoved. */
  check({ projection, from, token }: Advance): void {
    if (token !== undefined && this.lease(projection)?.token !== token) throw new LeaseLost(projection, token);
    if (!isSameCheckpoint(this.checkpoint(projection), from)) throw new CheckpointMoved(projection);
  }

  advance({ projection, to }: Advance): void {
    this.database
      .prepare('INSERT OR REPLACE INTO projection_checkpoints (projection, position, version) VALUES (?, ?, ?)')
      .run(projection, to.position, to.version);
  }

  lease(name: string): Lease | null {
    const row = this.database.prepare('SELECT owner, token, beat FROM leases WHERE name = ?').get(name);
    return row ? { owner: row['owner'] as string, token: Number(row['token']), beat: Number(row['beat']) } : null;
  }

  swapLease(name: string, from: Lease | null, { owner, token, beat }: Lease): boolean {
    if (!isSameLease(this.lease(name), from)) return false;
    const sql = 'INSERT OR REPLACE INTO leases (name, owner, token, beat) VALUES (?, ?, ?, ?)';
    this.database.prepare(sql).run(name, owner, token, beat);
    return true;
  }
}
