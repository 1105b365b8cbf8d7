import type { Clock } from '#kernel/clock';
import type { Ids } from '#kernel/ids';
import { contentOf } from '#platform/event-store/event-content';
import type { EventStore } from '#platform/event-store/event-store.port';
import { LINK, resolve, type ResolvedEvent } from './links.js';
import { bookkeepingStream, deleteIfThere } from './persistent-checkpoint.js';
import { message, type Message } from './persistent-message.js';
import { Progress } from './persistent-progress.js';
import type { GroupName } from './persistent-settings.js';

/** The events that a group has put aside, as links in a stream of its own, and their replay. */
export class ParkedMessages {
  readonly #stream: string;
  /** There while parked events are being replayed. Its places are revisions of the stream. */
  #replay: Progress | undefined;
  /** Revision at which the replay ends. */
  #stopAt = 0;
  #truncated: string | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly ids: Ids,
    private readonly clock: Clock,
    name: GroupName,
  ) {
    this.#stream = bookkeepingStream(name, 'parked');
  }

  /** Resolves when the event is put aside durably. */
  async park({ event, link }: ResolvedEvent, reason: string): Promise<void> {
    const original = (link ?? event)!;
    const data = event ? Buffer.from(`${event.revision}@${event.stream}`) : contentOf(link!).data;
    const added = this.clock.now().toISOString();
    const metadata = { added, reason, subscriptionEventNumber: original.revision };
    await this.store.append(this.#stream, 'any', [{ id: this.ids.next(), type: LINK, data, metadata }]);
  }

  /** How many events are aside. Those that are being replayed count until they are handled. */
  async count(): Promise<number> {
    const { events, lastRevision } = await this.store.read(this.#stream, { limit: 1 });
    return events.length === 0 ? 0 : lastRevision - events[0]!.revision + 1;
  }

  get replaying(): boolean {
    return this.#replay !== undefined;
  }

  /** Begins to replay what is parked now, or goes on with it. `stopAt` is the first revision of the stream to be left. */
  async replay(stopAt = Infinity): Promise<void> {
    const { lastRevision } = await this.store.read(this.#stream, { direction: 'backwards', limit: 1 });
    this.#stopAt = Math.max(this.#stopAt, Math.min(stopAt, lastRevision + 1));
    if (this.#stopAt > 0) this.#replay ??= new Progress();
  }

  /** The next of the events to be replayed; none at the end. */
  async next(limit: number): Promise<Message[]> {
    const replay = this.#replay;
    if (!replay) return [];
    const from = Number(replay.read ?? -1) + 1;
    // It may grow while this reads; what lies beyond is for the next call.
    const stopAt = this.#stopAt;
    const { events } = from < stopAt ? await this.store.read(this.#stream, { from, limit }) : { events: [] };
    const links = events.filter(({ revision }) => revision < stopAt);
    const resolved = await Promise.all(links.map((link) => resolve(this.store, link, true)));
    if (links.length === 0 && from < stopAt) replay.pass(String(stopAt - 1));
    return resolved.map((event) => message(event, 'parked', replay.open(String(event.link!.revision))));
  }

  /** The event was handled, or parked again. */
  finished({ number }: Message): void {
    this.#replay?.close(number);
  }

  /** Forgets what was replayed and handled: not before, so that a failure meanwhile loses nothing. */
  async truncate(): Promise<void> {
    const replay = this.#replay;
    const handled = replay?.finished;
    if (!replay || handled === undefined) return;
    if (handled !== this.#truncated && Number(handled) >= 0) {
      const metadata = await this.store.metadata(this.#stream);
      await this.store.setMetadata(this.#stream, { ...metadata, truncateBefore: Number(handled) + 1 });
      this.#truncated = handled;
    }
    if (replay.openCount === 0 && Number(replay.read) + 1 >= this.#stopAt) this.#replay = undefined;
  }

  async delete(): Promise<void> {
    await deleteIfThere(this.store, this.#stream);
  }
}
