import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';

/** Whether the change that fails is carried out before its answer is lost. */
export type Failing = 'not done' | 'done, unanswered';

const CHANGES: readonly string[] = ['write', 'define', 'drop', 'replace'];

/** A store that dies with the process that uses it, at its n-th change: from then on nothing reaches it. */
export class DyingStore {
  #changes = 0;

  constructor(
    private readonly at: number,
    private readonly how: Failing,
    /** Told after each change. */
    private readonly look: () => Promise<void> = async () => {},
  ) {}

  get isDead(): boolean {
    return this.#changes >= this.at;
  }

  /** Counts one more change. True where it is the last one, and throws where it must not be carried out. */
  count(): boolean {
    if (this.isDead) throw new StoreUnavailable('The process is dead.');
    this.#changes++;
    if (this.isDead && this.how === 'not done') throw new StoreUnavailable('The process died.');
    return this.isDead;
  }

  /** The store as the process reaches it. Changes that are not named are counted by somebody else. */
  reaching(store: ReadStore, changes = CHANGES): ReadStore {
    return new Proxy<ReadStore>(store, {
      get: (target, name: keyof ReadStore) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
        if (!changes.includes(name)) return call;
        return async (...args: unknown[]) => {
          const isLast = this.count();
          const answer = await call(...args);
          await this.look();
          if (isLast) throw new StoreUnavailable('The process died.');
          return answer;
        };
      },
    });
  }
}
