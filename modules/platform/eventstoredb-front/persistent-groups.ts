import { type Position, START } from '#kernel/event';
import { type GroupEntry, GroupConfiguration } from './persistent-configuration.js';
import { GroupDoesNotExist, GroupExists } from './persistent-errors.js';
import { forgetGroup, type GroupOptions, PersistentGroup } from './persistent-group.js';
import { ALL, type GroupFilter, type GroupName, type GroupSettings, isFromEnd } from './persistent-settings.js';
import { openSource } from './persistent-source.js';

export interface GroupsOptions extends GroupOptions {
  /** How often groups look what time has made due; default 250 ms. */
  readonly tickMs?: number;
}

const TICK_MS = 250;

/**
 * All groups of a store. They are loaded at the first call, and begin to work with their first consumer. Only one process may
 * serve the groups of a store at a time: another one would deliver everything once more.
 */
export class PersistentGroups {
  readonly #configuration: GroupConfiguration;
  readonly #bySource = new Map<string, Map<string, PersistentGroup>>();
  readonly #closing = new AbortController();
  /** Changes wait for each other, and everybody for them. */
  #turn: Promise<unknown> = Promise.resolve();
  #loaded = false;
  #timer: NodeJS.Timeout | undefined;
  #noticing: Promise<void> | undefined;
  #noticed: Position = START;

  constructor(private readonly options: GroupsOptions) {
    this.#configuration = new GroupConfiguration(options);
  }

  /** Rejects with GroupExists. */
  create(name: GroupName, settings: GroupSettings, filter: GroupFilter | undefined, user: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#find(name)) throw new GroupExists(name);
      const startAfter = await this.#startAfter(name, settings, filter);
      const entry = entryOf(name, settings, filter, startAfter);
      // Left over from one of this name whose deletion did not come to its end.
      await forgetGroup(name, this.options);
      await this.#configuration.change(user, (entries) => {
        if (!entries.every(isNot(name))) throw new GroupExists(name);
        return [...entries, entry];
      });
      this.#add(await PersistentGroup.open(entry, this.options));
    });
  }

  /** Its consumers are dropped; it goes on from its checkpoint, with the filter that it has. Rejects with GroupDoesNotExist. */
  update(name: GroupName, settings: GroupSettings, user: string): Promise<void> {
    return this.#inTurn(async () => {
      const old = this.#get(name);
      const { filter } = old.entry;
      // What came since the group was created at the end may be for it still.
      const kept = isFromEnd(settings.startFrom) ? old.entry.startAfter : undefined;
      const startAfter = kept ?? (await this.#startAfter(name, settings, filter));
      const entry = entryOf(name, settings, filter, startAfter);
      await this.#configuration.change(user, (entries) => [...entries.filter(isNot(name)), entry]);
      await old.close();
      this.#add(await PersistentGroup.open(entry, this.options));
    });
  }

  /** Its consumers are dropped. Rejects with GroupDoesNotExist. */
  delete(name: GroupName, user: string): Promise<void> {
    return this.#inTurn(async () => {
      const group = this.#get(name);
      await this.#configuration.change(user, (entries) => entries.filter(isNot(name)));
      this.#remove(name);
      await group.close('forget');
      await forgetGroup(name, this.options);
    });
  }

  /** Drops all consumers and begins anew from what is stored. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      this.#loaded = false;
      await this.#closeAll();
      await this.#load();
    });
  }

  /** Rejects with GroupDoesNotExist. */
  get(name: GroupName): Promise<PersistentGroup> {
    return this.#inTurn(async () => this.#get(name));
  }

  /** A group that is going to have a consumer. Rejects with GroupDoesNotExist. */
  working(name: GroupName): Promise<PersistentGroup> {
    return this.#inTurn(async () => {
      const group = this.#get(name);
      await this.#start();
      return group;
    });
  }

  /** All groups, or those of one source. */
  list(source?: string): Promise<readonly PersistentGroup[]> {
    return this.#inTurn(async () => {
      return source === undefined ? this.#groups() : [...(this.#bySource.get(source)?.values() ?? [])];
    });
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#closing.abort();
    clearInterval(this.#timer);
    for (const group of this.#groups()) group.stop();
  }

  /** Stops, drops all consumers and writes the checkpoints. */
  async close(): Promise<void> {
    this.stop();
    await this.#turn;
    await this.#closeAll();
    await this.#noticing;
  }

  /** What comes after this place is for the group, where it begins with the end. */
  async #startAfter(
    { source }: GroupName,
    { startFrom }: GroupSettings,
    filter: GroupFilter | undefined,
  ): Promise<string | undefined> {
    return isFromEnd(startFrom) ? openSource(this.options.store, source, filter).last() : undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      if (!this.#loaded) await this.#load();
      return work();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #load(): Promise<void> {
    const entries = await this.#configuration.load();
    const groups = await Promise.all(entries.map((entry) => PersistentGroup.open(entry, this.options)));
    this.#bySource.clear();
    for (const group of groups) this.#add(group);
    this.#loaded = true;
  }

  async #closeAll(): Promise<void> {
    await Promise.all(this.#groups().map((group) => group.close()));
  }

  #groups(): readonly PersistentGroup[] {
    return [...this.#bySource.values()].flatMap((ofSource) => [...ofSource.values()]);
  }

  #find({ source, group }: GroupName): PersistentGroup | undefined {
    return this.#bySource.get(source)?.get(group);
  }

  #get(name: GroupName): PersistentGroup {
    const group = this.#find(name);
    if (!group) throw new GroupDoesNotExist(name);
    return group;
  }

  #add(group: PersistentGroup): void {
    const { source, group: name } = group.entry;
    const ofSource = this.#bySource.get(source) ?? new Map<string, PersistentGroup>();
    this.#bySource.set(source, ofSource.set(name, group));
  }

  #remove({ source, group }: GroupName): void {
    const ofSource = this.#bySource.get(source);
    ofSource?.delete(group);
    if (ofSource?.size === 0) this.#bySource.delete(source);
  }

  async #start(): Promise<void> {
    if (this.#timer || this.#closing.signal.aborted) return;
    this.#noticed = await this.options.store.head();
    this.#timer = setInterval(() => this.#tick(), this.options.tickMs ?? TICK_MS).unref();
    this.#notice();
  }

  #tick(): void {
    for (const group of this.#groups()) void group.tick();
    this.#notice();
  }

  /** Tells the groups what was stored. Where the store fails, the next tick goes on from there. */
  #notice(): void {
    if (this.#closing.signal.aborted) return;
    this.#noticing ??= this.#noticeAll()
      .catch((error: unknown) =>
        this.options.warn(`Persistent subscriptions do not hear of new events: ${String(error)}`),
      )
      .finally(() => (this.#noticing = undefined));
  }

  async #noticeAll(): Promise<void> {
    const { signal } = this.#closing;
    for await (const message of this.options.store.subscribe({ position: this.#noticed, system: true, signal })) {
      if (message.kind !== 'event') {
        this.#noticed = message.position;
        continue;
      }
      this.#noticed = message.event.position;
      for (const source of [message.event.stream, ALL]) {
        for (const group of this.#bySource.get(source)?.values() ?? []) group.notice(message.event);
      }
    }
  }
}

function entryOf(
  name: GroupName,
  settings: GroupSettings,
  filter: GroupFilter | undefined,
  startAfter: string | undefined,
): GroupEntry {
  return { ...name, settings, ...(filter && { filter }), ...(startAfter !== undefined && { startAfter }) };
}

function isNot(name: GroupName): (entry: GroupEntry) => boolean {
  return ({ source, group }) => source !== name.source || group !== name.group;
}
