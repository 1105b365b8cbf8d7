/**
 * Contents that are not JSON, and a metadata stream for every stream whose row says something: until now it stood in the row alone,
 * from now on the row repeats what the last event of `$$<name>` says.
 */
export const contentsAndMetadataStreams = `
  -- The content where it is bytes; the column of the same name without _bytes is empty then.
  ALTER TABLE events ADD COLUMN data_bytes BLOB;
  ALTER TABLE events ADD COLUMN metadata_bytes BLOB;

  -- After a soft deletion, an event appended since says where the visible part begins.
  UPDATE streams SET truncate_before = deleted_before
  WHERE state = 'live' AND deleted_before > coalesce(truncate_before, 0);

  CREATE TEMP TABLE metadata_events AS
  SELECT
    '$$' || name AS stream,
    -- A UUID of version 4, by RFC 9562, section 5.4.
    randomblob(6) AS head,
    hex(randomblob(9)) AS tail,
    iif(state = 'tombstone', '$streamDeleted', '$metadata') AS type,
    -- The patch leaves out what is null.
    json_patch('{}', iif(state = 'tombstone', '{}', json_object(
      '$maxCount', max_count,
      '$maxAge', max_age,
      '$tb', iif(state = 'deleted', 9223372036854775807, truncate_before)
    ))) AS data
  FROM streams
  WHERE state <> 'live' OR coalesce(truncate_before, max_count, max_age) IS NOT NULL
  ORDER BY id;

  INSERT INTO streams (name, revision) SELECT stream, 0 FROM metadata_events;

  INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at)
  SELECT
    streams.id,
    0,
    unhex(hex(head) || '4' || substr(tail, 1, 3) || 'a' || substr(tail, 4, 15)),
    type,
    data,
    '{}',
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
  FROM metadata_events JOIN streams ON streams.name = metadata_events.stream
  ORDER BY streams.id;

  DROP TABLE metadata_events;
`;
