import { DomainError } from '#kernel/errors';
import { type EventMetadata, type Recorded, START } from '#kernel/event';
import { uuidv8 } from '#kernel/ids';
import type { Direction, EventStore } from '#platform/event-store/event-store.port';
import { defineProblems } from '#platform/http/problem-catalogue';
import { sha256 } from '#platform/merkle/hashes';
import { isSound, type SignedHead } from './signed-head.js';

/** A system stream, so that heads are not leaves of the tree themselves; copies take it along. */
export const HEADS_STREAM = '$audit-heads';
export const HEAD_SIGNED = 'audit.headSigned';

/** What stands in the stream of heads. */
export interface StoredHead {
  readonly revision: number;
  /** Undefined where what stands there is no head, or not what its own key signed. */
  readonly head: SignedHead | undefined;
}

export interface HeadsPage {
  readonly heads: readonly StoredHead[];
  /** Revision to go on from; undefined at the end. */
  readonly next?: number;
}

/** The signed heads, kept as events beside what they speak of. `events` must be `STORED_EVENTS`. */
export class SignedHeads {
  constructor(private readonly events: EventStore) {}

  /** The last one; undefined where none was ever signed. */
  async last(): Promise<StoredHead | undefined> {
    return (await this.page({ direction: 'backwards', limit: 1 })).heads[0];
  }

  /** The id of the key that signed last, where others sign the same log, too; undefined where there is no such key. */
  async othersKey(): Promise<string | undefined> {
    return this.events.shared ? (await this.last())?.head?.keyId : undefined;
  }

  async page(options: { from?: number; direction?: Direction; limit: number }): Promise<HeadsPage> {
    const { direction = 'forwards' } = options;
    const { events, lastRevision } = await this.events.read(HEADS_STREAM, options);
    const last = events.at(-1)?.revision;
    const isEnd = last === undefined || last === (direction === 'forwards' ? lastRevision : 0);
    return { heads: events.map(storedHead), next: isEnd ? undefined : last + (direction === 'forwards' ? 1 : -1) };
  }

  /** All of them from the first on, also those that the stream hides or that lie under a tombstone: looks through the whole store. */
  async *all(): AsyncGenerator<StoredHead> {
    const filter = { streamPrefixes: [HEADS_STREAM] };
    for (let position = START, end = false; !end;) {
      const slice = await this.events.readAll({ position, filter, system: true, hidden: true });
      for (const event of slice.events) if (event.stream === HEADS_STREAM) yield storedHead(event);
      ({ position, end } = slice);
    }
  }

  /** Rejects with WrongExpectedRevision where another head was signed since the last one was read. */
  async append(head: SignedHead, after: StoredHead | undefined): Promise<void> {
    const id = uuidv8(sha256(Buffer.from(head.note)));
    const metadata: EventMetadata = {
      ...{ tenant: 'main', actor: { type: 'service', id: 'audit' }, schemaVersion: 1, occurredAt: head.at },
      ...{ commandId: id, correlationId: id, causationId: id },
    };
    await this.events.append(HEADS_STREAM, after?.revision ?? 'none', [
      { id, type: HEAD_SIGNED, data: head, metadata },
    ]);
  }
}

/** Whatever stands in the event: somebody may have changed it. */
function storedHead({ revision, type, data }: Recorded): StoredHead {
  const head = data as Partial<SignedHead>;
  const isHead = type === HEAD_SIGNED && typeof head?.note === 'string' && typeof head.publicKey === 'string';
  return { revision, head: isHead && isSound(head as SignedHead) ? (head as SignedHead) : undefined };
}

/** The events do not go on from what was signed. */
export class HistoryChanged extends DomainError {
  constructor(what: string) {
    super('conflict', 'audit-history-changed', what);
  }
}

defineProblems({
  'audit-history-changed': {
    kind: 'conflict',
    title: 'The log is not what was signed',
    cure: 'Run `perdure audit verify`: it names the first event that was changed, removed or inserted.',
  },
});
