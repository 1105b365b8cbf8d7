/**
 * `events.position` is the global order: the rowid, and no row is ever removed, so that it has no gaps. What is deleted or cut
 * off is hidden by its stream's row instead.
 */
export const streamsAndEvents = `
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Of the last event; -1 where there is none yet.
    revision INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'deleted', 'tombstone')),
    -- Revisions below it went with a soft deletion.
    deleted_before INTEGER NOT NULL DEFAULT 0,
    truncate_before INTEGER,
    max_count INTEGER,
    -- In seconds.
    max_age INTEGER
  ) STRICT;

  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (id),
    revision INTEGER NOT NULL,
    -- The 16 bytes of a UUID.
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    -- JSON.
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    -- Unix milliseconds.
    recorded_at INTEGER NOT NULL
  ) STRICT;

  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
  CREATE INDEX events_by_id ON events (id);
`;
