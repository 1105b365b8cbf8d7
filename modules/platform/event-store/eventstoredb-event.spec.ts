import { describe, expect, it } from '@jest/globals';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { contentOf } from './event-content.js';
import { recordedEvent, stamp } from './eventstoredb-event.js';
import { streamIdentifier } from './eventstoredb-requests.js';

const recordedAt = '2001-02-03T04:05:06.789Z';

/** The event as the server gives it, with metadata that were written to it. */
function read(metadata: string | Uint8Array) {
  const message = new streams.ReadResp.ReadEvent.RecordedEvent();
  message.setStreamIdentifier(streamIdentifier('main.task-a')).setStreamRevision('0').setCommitPosition('7');
  message.setData(Buffer.from('{}')).setCustomMetadata(Buffer.from(metadata));
  const properties = message.getMetadataMap();
  properties.set('type', 'task.changed').set('content-type', 'application/json').set('created', '17000000000000000');
  return recordedEvent(message);
}

const metadatas = [
  '{}',
  '{ }',
  '{"tenant":"main","deep":{"a":[1.0]}}',
  '{ "spaced" : true }\n',
  '{"$bytes":"AA=="}',
  '{"$recordedAt":"1999-01-01T00:00:00.000Z","a":1}',
  '',
  'text',
  '[1]',
  '{"half',
];

describe('the time of recording in another store', () => {
  it.each(metadatas)('comes back, and metadata to the letter: %j', (text) => {
    const event = read(stamp(recordedAt, Buffer.from(text)));
    expect(event.recordedAt).toBe(recordedAt);
    expect(Buffer.from(contentOf(event).metadata).toString()).toBe(text);
  });

  it('comes back with bytes that are no text', () => {
    const bytes = Uint8Array.of(0x7b, 0xff, 0x00, 0x7d);
    const event = read(stamp(recordedAt, bytes));
    expect(event.recordedAt).toBe(recordedAt);
    expect(Uint8Array.from(contentOf(event).metadata)).toEqual(bytes);
  });

  it('is the server’s own where there is no other', () => {
    expect(read('{"tenant":"main"}').recordedAt).toBe('2023-11-14T22:13:20.000Z');
  });
});
