import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '#kernel/json';
import { mulberry32 } from '#test/support/mulberry32';

const LANES = 40;
const PER_SECOND = 200;
/** So long a client waits for an answer before it asks again. */
const PATIENCE_MS = 3_000;
const PAUSE_MS = 100;
/** Things that all lanes act on. */
const SHARED = 40;
/** Of all commands, those for later, and those that make a thing of their own. */
const SCHEDULED = 0.1;
const CREATED = 0.2;
/** Of the clients, those that do not repeat what was not answered. */
const FORGETFUL = 0.1;

/** What the load asked for. */
export interface Asked {
  /** Idempotency key; stands in the event that the command leads to. */
  readonly key: string;
  readonly kind: 'act' | 'create' | 'schedule';
  readonly path: string;
  readonly body: JsonObject;
  /** Whether it is repeated until there is an answer. */
  readonly patient: boolean;
}

/** What a client was told for good. */
export interface Acknowledged extends Asked {
  readonly revision: number;
}

/**
 * Clients that ask for some 200 commands a second, each request of whichever API, and repeat under the same key what is not
 * answered, as clients should. Some give up. What was acknowledged is remembered.
 */
export class Load {
  readonly asked: Asked[] = [];
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that nobody should get, whatever is broken. */
  readonly strange: string[] = [];
  /** Answers that told a client to come back, by code. */
  readonly refusals = new Map<string, number>();
  readonly #random: () => number;
  readonly #lanes: Promise<void>[];
  #stopping = false;

  constructor(
    private readonly urls: readonly string[],
    readonly noun: string,
    seed: number,
    private readonly schedules = true,
  ) {
    this.#random = mulberry32(seed);
    this.#lanes = Array.from({ length: LANES }, (_, lane) => this.#lane(lane));
  }

  /** Resolves when so many more commands are acknowledged; rejects where that takes too long. */
  async proceeds(commands: number, withinMs = 30_000): Promise<void> {
    const goal = this.acknowledged.length + commands;
    const deadline = performance.now() + withinMs;
    while (this.acknowledged.length < goal) {
      if (performance.now() > deadline)
        throw new Error(`Only ${goal - this.acknowledged.length} of ${commands} missing.`);
      await sleep(10);
    }
  }

  /** Asks for nothing more; resolves when everybody has an answer or has given up. */
  async end(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  async #lane(lane: number): Promise<void> {
    const pause = (LANES / PER_SECOND) * 1_000;
    await sleep((lane / LANES) * pause);
    for (let n = 0, next = performance.now(); !this.#stopping; n++, next += pause) {
      await this.#ask(this.#command(`${this.noun}-${lane}-${n}`, lane, n));
      // Who was held up does not make up for it: that would be another load.
      next = Math.max(next, performance.now() - pause);
      await sleep(Math.max(0, next + pause - performance.now()));
    }
  }

  #command(key: string, lane: number, n: number): Asked {
    const patient = this.#random() >= FORGETFUL;
    const kind = this.#random();
    const things = `/api/v1/things/${this.noun}`;
    if (kind < CREATED) return { key, kind: 'create', path: things, body: { $id: key, command: key, n }, patient };
    const id = `shared-${Math.floor(this.#random() * SHARED)}`;
    const act = { data: { command: key }, set: { [`lane${lane}`]: n }, create: true };
    if (!this.schedules || kind < 1 - SCHEDULED) {
      return { key, kind: 'act', path: `${things}/${id}/verbs/counted`, body: act, patient };
    }
    const command = { command: 'ActOnThing', fields: { noun: this.noun, id, verb: 'counted', ...act } };
    const time = { after: Math.floor(this.#random() * 1_000) };
    return { key, kind: 'schedule', path: '/api/v1/schedules', body: { id: key, command, time }, patient };
  }

  async #ask(asked: Asked): Promise<void> {
    this.asked.push(asked);
    for (let attempt = 0; ; attempt++) {
      const api = this.urls[Math.floor(this.#random() * this.urls.length)]!;
      if (await this.#attempt(asked, api)) return;
      if (!asked.patient) return;
      await sleep(PAUSE_MS);
    }
  }

  /** Whether that was the end of it. */
  async #attempt(asked: Asked, api: string): Promise<boolean> {
    try {
      const response = await fetch(new URL(asked.path, api), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': asked.key },
        body: JSON.stringify(asked.body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const body = (await response.json()) as { revision?: number; code?: string };
      if (response.ok) this.acknowledged.push({ ...asked, revision: body.revision! });
      if (response.ok) return true;
      const { status, headers } = response;
      const isPassing = (status === 503 && headers.has('retry-after')) || body.code === 'request-in-flight';
      if (!isPassing) this.strange.push(`${asked.kind} ${asked.key}: ${status} ${JSON.stringify(body)}`);
      const code = body.code ?? String(status);
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      return !isPassing;
    } catch {
      // Cut off, or too slow: nobody knows whether it was carried out.
      return false;
    }
  }
}
