import type { Ids } from '#kernel/ids';
import { contentOf, JsonText } from '#platform/event-store/event-content';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { CheckpointPolicy, Progress } from './persistent-progress.js';
import type { GroupName } from './persistent-settings.js';

const CHECKPOINT_TYPE = '$SubscriptionCheckpoint';
/** As many as EventStoreDB keeps. */
const KEPT = 2;

const PREFIX = '$persistentsubscription-';

/** The stream in which a group keeps what it must not forget. */
export function bookkeepingStream({ source, group }: GroupName, kind: 'checkpoint' | 'parked'): string {
  return `${PREFIX}${source}::${group}-${kind}`;
}

/**
 * Whether the stream, or its metadata, is the bookkeeping of a group that reads `$all`. Such a group never sees it: each
 * acknowledgement of a checkpoint would lead to the next checkpoint.
 */
export function isBookkeepingOfAll(stream: string): boolean {
  const name = stream.startsWith('$$') ? stream.slice(2) : stream;
  return name.startsWith(`${PREFIX}$all::`) && /-(checkpoint|parked)$/.test(name);
}

/** The place up to which all of a group's events were handled, in a stream of its own. */
export class CheckpointStream {
  readonly #stream: string;
  #described = false;

  constructor(
    private readonly store: EventStore,
    private readonly ids: Ids,
    name: GroupName,
  ) {
    this.#stream = bookkeepingStream(name, 'checkpoint');
  }

  /** Undefined where nothing was handled yet. */
  async load(): Promise<string | undefined> {
    const { events } = await this.store.read(this.#stream, { direction: 'backwards', limit: 1 });
    const [last] = events;
    if (!last) return undefined;
    const place: unknown = JSON.parse(Buffer.from(contentOf(last).data).toString());
    return String(place);
  }

  async save(place: string): Promise<void> {
    const data = new JsonText(JSON.stringify(place));
    await this.store.append(this.#stream, 'any', [{ id: this.ids.next(), type: CHECKPOINT_TYPE, data, metadata: {} }]);
    if (this.#described) return;
    // After the append: where the stream had been deleted, it is that which tells from where on it is visible again.
    const metadata = await this.store.metadata(this.#stream);
    if (metadata.maxCount !== KEPT) await this.store.setMetadata(this.#stream, { ...metadata, maxCount: KEPT });
    this.#described = true;
  }

  async delete(): Promise<void> {
    await deleteIfThere(this.store, this.#stream);
  }
}

/** Writes a group's checkpoint when it is due: one after the other, and anew where that failed. */
export class CheckpointKeeper {
  #saving: Promise<void> | undefined;
  #failed = false;
  #finished = false;

  /** @param saved - The checkpoint that is stored already. */
  constructor(
    private readonly stream: CheckpointStream,
    private readonly policy: CheckpointPolicy,
    private readonly progress: Progress,
    private saved: string | undefined,
    private readonly warn: (attempt: string, error: unknown) => void,
  ) {}

  /** The checkpoint that is stored. */
  get place(): string | undefined {
    return this.saved;
  }

  /** There may be one to write. After a failure that waits for `retry`: not every event should try in vain. */
  keep(): void {
    if (this.#saving || this.#failed || this.#finished) return;
    const place = this.policy.due(this.progress);
    if (place === undefined) return;
    this.#saving = this.#save(place).then(() => {
      this.#saving = undefined;
      this.keep();
    });
  }

  retry(): void {
    this.#failed = false;
    this.keep();
  }

  /** Ends the writing; with the last one, though it may not be due, unless there is nothing to remember. */
  async finish(last: 'remember' | 'forget'): Promise<void> {
    this.#finished = true;
    await this.#saving;
    const place = this.policy.outstanding(this.progress);
    if (last === 'remember' && place !== undefined) await this.#save(place);
  }

  async #save(place: string): Promise<void> {
    const { count, passes } = this.progress;
    try {
      await this.stream.save(place);
      this.policy.wrote(place, { count, passes });
      this.saved = place;
    } catch (error) {
      this.#failed = true;
      this.warn('write its checkpoint', error);
    }
  }
}

export async function deleteIfThere(store: EventStore, stream: string): Promise<void> {
  const { status } = await store.read(stream, { direction: 'backwards', limit: 1 });
  if (status === 'present') await store.delete(stream, 'any', 'soft');
}
