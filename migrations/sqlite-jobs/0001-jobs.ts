export const jobs = `
  CREATE TABLE jobs (
    key TEXT NOT NULL PRIMARY KEY,
    queue TEXT NOT NULL,
    handler TEXT NOT NULL,
    -- Pending jobs are timed until a worker finds them due, then ready.
    stage TEXT NOT NULL CHECK (stage IN ('timed', 'ready', 'running', 'finished', 'cancelled', 'dead')),
    priority INTEGER NOT NULL,
    -- Unix milliseconds.
    run_at INTEGER NOT NULL,
    ended_at INTEGER,
    -- Who runs it.
    owner TEXT,
    -- JSON.
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX jobs_to_come ON jobs (queue, run_at) WHERE stage = 'timed';
  CREATE INDEX jobs_due ON jobs (queue, priority DESC, run_at, key) WHERE stage = 'ready';
  CREATE INDEX jobs_by_stage ON jobs (stage, key);
  CREATE INDEX jobs_ended ON jobs (stage = 'dead', ended_at) WHERE ended_at IS NOT NULL;

  -- Bytes of the ended jobs that are kept, so that a look at them is not needed to keep them in bounds.
  CREATE TABLE jobs_kept (dead INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO jobs_kept VALUES (0, 0), (1, 0);

  CREATE TRIGGER jobs_kept_insert AFTER INSERT ON jobs WHEN new.ended_at IS NOT NULL BEGIN
    UPDATE jobs_kept SET bytes = bytes + octet_length(new.record) WHERE dead = (new.stage = 'dead');
  END;
  CREATE TRIGGER jobs_kept_delete AFTER DELETE ON jobs WHEN old.ended_at IS NOT NULL BEGIN
    UPDATE jobs_kept SET bytes = bytes - octet_length(old.record) WHERE dead = (old.stage = 'dead');
  END;
  CREATE TRIGGER jobs_kept_update_old AFTER UPDATE ON jobs WHEN old.ended_at IS NOT NULL BEGIN
    UPDATE jobs_kept SET bytes = bytes - octet_length(old.record) WHERE dead = (old.stage = 'dead');
  END;
  CREATE TRIGGER jobs_kept_update_new AFTER UPDATE ON jobs WHEN new.ended_at IS NOT NULL BEGIN
    UPDATE jobs_kept SET bytes = bytes + octet_length(new.record) WHERE dead = (new.stage = 'dead');
  END;
`;
