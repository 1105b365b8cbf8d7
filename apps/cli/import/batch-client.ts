import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed } from '../exit-codes.js';

/** Problem details (RFC 9457) as the API writes them. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly errors?: readonly { pointer: string; detail: string }[];
}

/** The outcome of one command of a batch. */
export interface BatchResult {
  readonly status: number;
  /** Carried out by an earlier request. */
  readonly replayed?: true;
  readonly problem?: Problem;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number;
}

export interface BatchClientOptions {
  readonly url: URL;
  /** How long a server may be away before the import gives up, in milliseconds. */
  readonly waitMs: number;
  /** Called once each time the server goes away. */
  readonly onWaiting: (why: string) => void;
}

/** Bad request, content too large, unprocessable: about what was sent, not about who sent it or where. */
const WHOLE_BATCH: ReadonlySet<number> = new Set([400, 413, 422]);

/** Longest silence of a server that is still at work on a batch, in milliseconds. */
const SILENCE = 60_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Sends commands to `POST /api/v1/batches` over one kept connection, and again where the server is away or busy. */
export class BatchClient {
  readonly #endpoint: URL;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;

  constructor(private readonly options: BatchClientOptions) {
    const secure = options.url.protocol === 'https:';
    this.#endpoint = new URL('api/v1/batches', options.url.href.replace(/\/*$/, '/'));
    this.#agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
    this.#request = secure ? httpsRequest : httpRequest;
  }

  /** The result of each command, in order, none of them to be tried again. Throws CommandFailed when it gives up. */
  async send(commands: readonly string[]): Promise<BatchResult[]> {
    const results = new Array<BatchResult>(commands.length);
    let open = commands.map((_, index) => index);
    const patience = new Patience(this.options);
    while (open.length > 0) {
      const answers = await this.#try(
        open.map((index) => commands[index]!),
        patience,
      );
      if (!answers) continue;
      open.forEach((index, i) => (results[index] = answers[i]!));
      const again = open.filter((index) => isTemporary(results[index]!));
      if (again.length > 0) {
        const why = results[again[0]!]!.problem;
        await patience.pause(
          `it is busy (${why?.detail ?? why?.title ?? 'no reason given'})`,
          0,
          again.length < open.length,
        );
      }
      open = again;
    }
    return results;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Undefined: the server was away, and it is time to ask again. */
  async #try(commands: readonly string[], patience: Patience): Promise<BatchResult[] | undefined> {
    let reply: Reply;
    try {
      reply = await this.#post(`{"commands":[${commands.join(',')}]}`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      await patience.pause(code === 'ECONNREFUSED' ? 'nothing listens there' : (code ?? message));
      return undefined;
    }
    if (reply.status === 429 || reply.status >= 502) {
      await patience.pause(`it answers ${reply.status}`, reply.retryAfter);
      return undefined;
    }
    if (reply.status === 200) return (JSON.parse(reply.body) as { results: BatchResult[] }).results;
    if (!WHOLE_BATCH.has(reply.status)) throw new CommandFailed(this.#refusal(reply));
    return this.#isolate(commands, reply);
  }

  /** One command can make the whole request unacceptable: halves are sent until it stands alone. */
  async #isolate(commands: readonly string[], reply: Reply): Promise<BatchResult[]> {
    if (commands.length === 1) {
      return [
        {
          status: reply.status,
          problem: problemIn(reply.body) ?? { code: 'refused', title: `it answers ${reply.status}` },
        },
      ];
    }
    const middle = Math.ceil(commands.length / 2);
    return [...(await this.send(commands.slice(0, middle))), ...(await this.send(commands.slice(middle)))];
  }

  #post(body: string): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = this.#request(this.#endpoint, { agent: this.#agent, method: 'POST', headers }, (response) => {
      const retryAfter = Number(response.headers['retry-after'] ?? 0) * 1_000 || 0;
      text(response).then((body) => resolve({ status: response.statusCode!, body, retryAfter }), reject);
    });
    request.setTimeout(SILENCE, () => request.destroy(new Error('it does not answer')));
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  #refusal({ status, body }: Reply): string {
    const problem = problemIn(body);
    const cure = status === 404 ? 'Is this a Perdure server? See --url.' : '';
    const why = problem ? describe(problem) : `it answers ${status}`;
    return `${this.#endpoint.href} refuses the import: ${why} ${cure}`.trimEnd();
  }
}

/** The pauses between attempts grow up to 2 s; progress of any kind starts them anew. */
class Patience {
  #since: number | undefined;
  #next = FIRST_PAUSE;

  constructor(private readonly options: BatchClientOptions) {}

  async pause(why: string, atLeast = 0, progressed = false): Promise<void> {
    const { url, waitMs, onWaiting } = this.options;
    if (progressed) this.#since = undefined;
    if (this.#since === undefined) {
      this.#next = FIRST_PAUSE;
      onWaiting(`${url.origin} cannot take rows now: ${why}. Trying for ${Math.round(waitMs / 1_000)} s more.`);
    }
    this.#since ??= performance.now();
    if (performance.now() - this.#since >= waitMs) {
      throw new CommandFailed(
        `${url.origin} did not come back within ${Math.round(waitMs / 1_000)} s: ${why}. Start it (npm start) and run the ` +
          'same import again: it goes on where it stopped.',
      );
    }
    await delay(Math.max(atLeast, this.#next));
    this.#next = Math.min(LONGEST_PAUSE, this.#next * 2);
  }
}

function isTemporary({ status, problem }: BatchResult): boolean {
  return status === 429 || status >= 502 || problem?.code === 'request-in-flight';
}

function problemIn(body: string): Problem | undefined {
  try {
    const problem = JSON.parse(body) as Partial<Problem>;
    return problem.title === undefined ? undefined : (problem as Problem);
  } catch {
    return undefined;
  }
}

/** A problem in one line. */
export function describe({ title, detail, errors = [] }: Problem): string {
  const fields = errors.map((error) => `${error.pointer} ${error.detail}`).join('; ');
  return [detail ?? title, fields].filter(Boolean).join(' ');
}
