import type { Json, JsonObject } from '#kernel/json';
import { CommandFailed } from '../../exit-codes.js';

export interface ApiRequest {
  readonly method: string;
  /** Path and query below the server's address, readable: it is encoded on its way. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
}

export interface ApiAnswer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: JsonObject;
}

/** Talks to the public API as any client would. */
export class ApiSession {
  constructor(readonly url: string) {}

  /** The answer. Throws CommandFailed where its status is another than expected. */
  async send(request: ApiRequest, expected: number): Promise<ApiAnswer> {
    const { method, path, headers, body } = request;
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== expected) {
      throw new CommandFailed(`${method} ${path} answers ${response.status} instead of ${expected}: ${text}`);
    }
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      body: text === '' ? {} : (JSON.parse(text) as JsonObject),
    };
  }

  /** Reads until the answer holds what is looked for: lists follow the events by milliseconds. Throws after 5 seconds. */
  async read<Found extends Json>(path: string, find: (body: JsonObject) => Found | undefined): Promise<Found> {
    const deadline = performance.now() + 5_000;
    for (;;) {
      const { body } = await this.send({ method: 'GET', path }, 200);
      const found = find(body);
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        throw new CommandFailed(`GET ${path} does not show it after 5 s: ${JSON.stringify(body)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
