import { randomUUID } from 'node:crypto';
import { StoreUnavailable, StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { ExpectedRevision } from './event-store.port.js';
import type { Answer, BatchAppends } from './eventstoredb-batch.js';
import type { EventStoreDbConnection } from './eventstoredb-connection.js';
import { exceptionOf } from './eventstoredb-errors.js';
import { PROBE_TYPE } from './eventstoredb-own.js';
import type { MetadataStreams } from './eventstoredb-metadata.js';
import { backOff } from './eventstoredb-patience.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';

/** No stream ever comes to it. */
const NEVER = Number.MAX_SAFE_INTEGER - 1;
const ATTEMPTS = 5;

export class Deletions {
  constructor(
    private readonly connection: EventStoreDbConnection,
    private readonly batch: BatchAppends,
    private readonly reader: EventStoreDbReader,
    private readonly metadata: MetadataStreams,
  ) {}

  /**
   * The revision of the stream's last event, also where all of them are hidden; -1 without any. EventStoreDB tells it of a deleted
   * stream only where it refuses an append: so one is sent that cannot be carried out. Rejects with StreamDeleted.
   */
  async probe(stream: string): Promise<number> {
    for (let failures = 0; ; failures++) {
      const events = [{ id: randomUUID(), type: PROBE_TYPE, data: '{}', metadata: '{}' }];
      const answer = await new Promise<Answer>((resolve) =>
        this.batch.send({ stream, expected: NEVER, events }, resolve),
      );
      if (answer.kind === 'refused') return answer.current;
      if (answer.kind === 'deleted') throw new StreamDeleted(stream);
      const reason = answer.kind === 'unsettled' ? answer.reason : new Error(`the answer was ${answer.kind}`);
      if (failures === ATTEMPTS) {
        const message = `The event store at ${this.connection.name} does not answer (${String(reason)}). Try again in a moment.`;
        throw new StoreUnavailable(message, { cause: reason });
      }
      await backOff(failures);
    }
  }

  async delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    for (;;) {
      // The server deletes what is not there, and knows no expectation that a stream exists.
      const isThere = (await this.reader.page(stream, { backwards: true, count: 1 })) !== undefined;
      const last = await this.reader.lastRevision(stream);
      const met = { any: true, none: !isThere, exists: isThere }[expected] ?? expected === last;
      if (!met) throw new WrongExpectedRevision(stream, expected, isThere ? last : -1);
      if (mode === 'soft' && !isThere) return;
      if (mode === 'soft') await this.metadata.foretellDeletion(stream, last + 1);
      try {
        await this.#carryOut(stream, last, mode);
        return;
      } catch (error) {
        if (exceptionOf(error) === 'stream-deleted') throw new StreamDeleted(stream);
        // Somebody appended in between: it is looked at again.
        if (exceptionOf(error) !== 'wrong-expected-version') throw error;
      }
    }
  }

  #carryOut(stream: string, last: number, mode: 'soft' | 'tombstone'): Promise<unknown> {
    const { client } = this.connection;
    const options = { expectedRevision: last < 0 ? ('no_stream' as const) : BigInt(last) };
    return this.connection.run<unknown>(() =>
      mode === 'soft' ? client.deleteStream(stream, options) : client.tombstoneStream(stream, options),
    );
  }
}
