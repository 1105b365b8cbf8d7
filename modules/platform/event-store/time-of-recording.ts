import type { Clock } from '#kernel/clock';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';

/** Milliseconds by which a clock may have been set back. What is further ahead was recorded by a clock that was wrong before. */
const MOST = 24 * 3_600_000;

/**
 * The time of recording, in Unix milliseconds. It stands still while a clock that was set back catches up: an event never seems to
 * have been recorded before the one that it follows, which "as of a time" goes by.
 */
export class TimeOfRecording {
  #latest: number;

  constructor(
    database: SqliteDatabase,
    private readonly clock: Clock,
  ) {
    const last = database.prepare('SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1').get();
    this.#latest = Number(last?.['recorded_at'] ?? 0);
  }

  now(): number {
    const now = this.clock.now().getTime();
    if (now >= this.#latest || this.#latest - now > MOST) this.#latest = now;
    return this.#latest;
  }
}
