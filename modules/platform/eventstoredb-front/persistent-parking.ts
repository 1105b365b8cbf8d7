import type { Message } from './persistent-message.js';
import type { ParkedMessages } from './persistent-parked.js';

/** What is on its way into the parked stream. What cannot be written there waits for the next attempt. */
export class Parking {
  readonly #underWay = new Set<Promise<void>>();
  #failed: { readonly message: Message; readonly reason: string }[] = [];

  /** @param done - Called when a message is parked durably. */
  constructor(
    private readonly parked: ParkedMessages,
    private readonly done: (message: Message) => void,
    private readonly warn: (attempt: string, error: unknown) => void,
  ) {}

  get count(): number {
    return this.#underWay.size + this.#failed.length;
  }

  park(message: Message, reason: string): void {
    const parking: Promise<void> = this.parked
      .park(message.resolved, reason)
      .then(
        () => this.done(message),
        (error: unknown) => {
          this.#failed.push({ message, reason });
          this.warn('park an event', error);
        },
      )
      .finally(() => this.#underWay.delete(parking));
    this.#underWay.add(parking);
  }

  retry(): void {
    for (const { message, reason } of this.#failed.splice(0)) this.park(message, reason);
  }

  /** Resolves when nothing is under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
