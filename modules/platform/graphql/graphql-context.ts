import type { FastifyRequest } from 'fastify';
import type { Position } from '#kernel/event';
import type { Envelope } from '#platform/dispatch/envelope';
import { type Caller, callerOf } from '#platform/http/caller';
import { envelopeOf } from '#platform/http/envelope-of';

/** Waits until these projections have what the operation asks for. */
export type CaughtUp = (projections: readonly string[]) => Promise<void>;

/** What the resolvers of one operation share. */
export class GraphqlContext {
  /** Where the last command of the operation left its object. */
  position: Position | undefined;

  readonly caller: Caller;
  readonly #loaders = new Map<unknown, unknown>();
  readonly #waits = new Map<string, Promise<void>>();
  #envelope: Envelope | undefined;

  constructor(
    readonly request: FastifyRequest,
    private readonly wait: CaughtUp,
  ) {
    this.caller = callerOf(request);
  }

  get tenant(): string {
    return this.caller.tenant;
  }

  /** What the headers say about the commands of the operation. Throws InvalidHeader, PreconditionUnmet. */
  get envelope(): Envelope {
    return (this.#envelope ??= envelopeOf(this.request));
  }

  /** Resolves when these projections have the events up to the position that the operation names, if it names one. */
  async reads(...projections: readonly string[]): Promise<void> {
    const key = projections.join(' ');
    let wait = this.#waits.get(key);
    if (!wait) this.#waits.set(key, (wait = this.wait(projections)));
    await wait;
  }

  /** The operation's own loader for this key, so that what many fields ask for is asked of the store together. */
  loader<Loader>(key: unknown, make: () => Loader): Loader {
    let loader = this.#loaders.get(key) as Loader | undefined;
    if (!loader) this.#loaders.set(key, (loader = make()));
    return loader;
  }
}
