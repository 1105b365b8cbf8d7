import { streamsAndEvents } from './0001-streams-and-events.js';
import { contentsAndMetadataStreams } from './0002-contents-and-metadata-streams.js';

/** Schema steps of the SQLite event store, in order. A step that was ever released is never changed: add the next one. */
export const eventStoreSteps: readonly string[] = [streamsAndEvents, contentsAndMetadataStreams];
