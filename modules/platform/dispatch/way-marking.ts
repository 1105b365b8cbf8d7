import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import type { AnyObjectType } from './object-registry.js';
import { lastMarkBefore, Segment } from './segment.js';
import { slicesAfter, standsAt } from './stream-events.js';
import { type WayMark, WayMarks } from './way-marks.js';

/** Sees to it that long objects have way-marks, and that only those are used which the events bear out. */
@Injectable()
export class WayMarking implements BeforeApplicationShutdown {
  readonly #log = new Logger(WayMarking.name);
  readonly #extending = new Map<string, Promise<readonly WayMark[]>>();
  /** Marks that commands have passed are made one object after the other: nobody waits for them. */
  #passed: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly marks: WayMarks,
  ) {}

  /** Stores close only when nothing reads or writes them any more. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    await this.#passed;
  }

  /** Resolves when the marks that were passed so far are made. */
  async settled(): Promise<void> {
    await this.#passed;
  }

  /** A command has appended so many events, of which this is the last revision: marks that it passed are made soon. */
  passed(stream: string, type: AnyObjectType, revision: number, events: number): void {
    const { every } = this.marks;
    if (lastMarkBefore(revision, every) === lastMarkBefore(Math.max(0, revision - events), every)) return;
    this.#passed = this.#passed
      .then(() => (this.#stopping ? undefined : this.upTo(Infinity, stream, type)))
      .catch((error: Error) => this.#log.warn(`No way-mark of '${stream}' was made: ${error.message}`));
  }

  /**
   * The object's marks up to this revision, from the first on and without a gap. The event that the last one names stands there
   * still; as each mark names the event of the one before, so do theirs. With `make`, those that are missing are made first.
   */
  async upTo(revision: number, stream: string, type: AnyObjectType, make = true): Promise<readonly WayMark[]> {
    const found = await this.marks.find(stream, type);
    if (!found) return [];
    const { chain, lastRevision } = await this.#standing(
      stream,
      found.filter(({ upTo }) => upTo <= revision),
    );
    const wanted = lastMarkBefore(Math.min(lastRevision, revision + 1), this.marks.every);
    if (!make || (chain.at(-1)?.upTo ?? -1) >= wanted) return chain;

    const others = this.#extending.get(stream);
    if (others) return (await others).filter(({ upTo }) => upTo <= revision);
    const extending = this.#extend(chain, wanted, stream, type).finally(() => this.#extending.delete(stream));
    this.#extending.set(stream, extending);
    return extending;
  }

  /** Without those at the end whose event is not there (any more): the store was restored, or hides it. */
  async #standing(stream: string, found: readonly WayMark[]) {
    const chain = [...found];
    for (;;) {
      const last = chain.at(-1);
      if (!last) {
        const { lastRevision } = await this.events.read(stream, { direction: 'backwards', limit: 1 });
        return { chain, lastRevision };
      }
      const { stands, lastRevision } = await standsAt(this.events, stream, last.revision, last.eventId);
      if (stands) return { chain, lastRevision };
      chain.pop();
      while (chain.length > 0 && chain.at(-1)!.revision > lastRevision) chain.pop();
    }
  }

  async #extend(
    chain: readonly WayMark[],
    wanted: number,
    stream: string,
    type: AnyObjectType,
  ): Promise<readonly WayMark[]> {
    const made = [...chain];
    let state = await this.#lastState(made);
    let segment = new Segment(type, made.at(-1), state ?? type.initial);
    for await (const events of slicesAfter(this.events, stream, made.at(-1)?.upTo ?? -1)) {
      if (this.#stopping) return made;
      for (const event of events) {
        const upTo = segment.markBefore(event, this.marks.every);
        if (upTo !== undefined) {
          state = segment.state;
          const mark = segment.mark(upTo, this.marks.upcasters);
          if (!(await this.marks.keep(mark, state))) return made;
          made.push(mark);
          segment = new Segment(type, mark, state);
        }
        if (event.revision > wanted) return made;
        segment.take(event);
      }
    }
    return made;
  }

  /** Takes those marks away whose state is gone, up to one that has it. */
  async #lastState(chain: WayMark[]) {
    for (;;) {
      const last = chain.at(-1);
      if (!last) return undefined;
      const state = await this.marks.stateAt(last);
      if (state) return state;
      chain.pop();
    }
  }
}
