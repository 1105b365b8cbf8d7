import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Json } from '#kernel/json';
import { CommandFailed } from '../exit-codes.js';

/** Parameters of a query string; those that are undefined are left out, lists are repeated. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Problem details (RFC 9457) as the API writes them. */
interface Problem {
  readonly title: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

interface Sending {
  readonly method?: string;
  readonly query?: Query;
  readonly body?: Json;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Nothing answers, or no more: the server is not there, or the way to it is not. */
export class ServerAway extends CommandFailed {}

/** Perdure's HTTP API, as commands use it. Everything rejects with CommandFailed, in words for the user. */
export class Api {
  constructor(readonly url: string) {}

  /** A JSON answer, or undefined where there is no body. */
  async get<Answer = Json>(path: string, query: Query = {}): Promise<Answer> {
    return jsonOf(await this.#send(path, { query }));
  }

  async post<Answer = Json>(path: string, body: Json = {}): Promise<Answer> {
    return jsonOf(await this.#send(path, { method: 'POST', body }));
  }

  /** The reason is recorded with what it does. */
  async delete<Answer = Json>(path: string, reason: string): Promise<Answer> {
    // Headers are bytes: the server reads these as UTF-8. A line break could not stand there.
    const headers = { 'perdure-reason': Buffer.from(reason.replace(/\s+/g, ' ')).toString('latin1') };
    return jsonOf(await this.#send(path, { method: 'DELETE', headers }));
  }

  /** The answer, whatever its status is. */
  ask(path: string): Promise<Response> {
    return this.#fetch(path, {});
  }

  /** All items of a query that is answered in pages, page by page, at most so many. */
  async *items<Item = Json>(path: string, query: Query = {}, most = Infinity): AsyncGenerator<Item> {
    let cursor: string | undefined;
    for (let count = 0; count < most;) {
      const limit = Math.min(1_000, most - count);
      const page = await this.get<{ items: Item[]; next?: string }>(path, { ...query, limit, cursor });
      yield* page.items;
      count += page.items.length;
      cursor = page.next;
      if (cursor === undefined) return;
    }
  }

  /** An answer that is streamed. */
  async body(path: string, query: Query = {}, signal?: AbortSignal): Promise<Readable> {
    const response = await this.#send(path, { query, signal });
    return Readable.fromWeb(response.body as ReadableStream);
  }

  /** Its lines; they end without an error where the signal fires. */
  async *lines(path: string, query: Query = {}, signal?: AbortSignal): AsyncGenerator<string> {
    let body: Readable | undefined;
    try {
      body = await this.body(path, query, signal);
      yield* createInterface({ input: body, crlfDelay: Infinity });
      // A reader of lines ends quietly where its input fails.
      if (body.errored) throw body.errored;
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof CommandFailed) throw error;
      throw new ServerAway(`The answer of ${this.url} broke off: ${(error as Error).message}.`);
    } finally {
      body?.destroy();
    }
  }

  /** The data of server-sent events, until the server ends them or the signal fires. */
  async *messages<Data = Json>(path: string, query: Query = {}, signal?: AbortSignal): AsyncGenerator<Data> {
    for await (const line of this.lines(path, query, signal)) {
      if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length)) as Data;
    }
  }

  async #send(path: string, sending: Sending): Promise<Response> {
    const response = await this.#fetch(path, sending);
    if (!response.ok) throw new CommandFailed(await sayingWhy(response));
    return response;
  }

  async #fetch(path: string, { method, query = {}, body, headers, signal }: Sending): Promise<Response> {
    const json = body === undefined ? undefined : { 'content-type': 'application/json' };
    try {
      return await fetch(this.#locate(path, query), {
        method,
        headers: { ...headers, ...json },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (error) {
      const { cause } = error as { cause?: { code?: string; message?: string } };
      const why = cause?.code === 'ECONNREFUSED' ? 'nothing listens there' : (cause?.message ?? String(error));
      throw new ServerAway(
        `Cannot reach Perdure at ${this.url}: ${why}. Start it with 'perdure start', name it with --url, ` +
          'or work on a store that no server has open with --data <folder>.',
      );
    }
  }

  #locate(path: string, query: Query): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of [value ?? []].flat()) parameters.append(name, String(each));
    }
    const text = parameters.toString();
    return `${this.url}${path}${text && `?${text}`}`;
  }
}

async function jsonOf<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    return (text ? JSON.parse(text) : undefined) as Answer;
  } catch {
    throw new CommandFailed(notOurs(response));
  }
}

async function sayingWhy(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { title, detail, errors = [] } = JSON.parse(text) as Problem;
    return [detail ?? title, ...errors.map((error) => `  ${error.pointer}: ${error.detail}`)].join('\n');
  } catch {
    return notOurs(response);
  }
}

function notOurs({ url, status, statusText }: Response): string {
  return `${url} answered ${status} ${statusText}, but nothing that Perdure would: is it Perdure?`;
}
