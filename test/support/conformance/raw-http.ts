import { Agent, request, type IncomingMessage } from 'node:http';

/** A request to the letter: whatever method, path and body it has, nothing is made better on the way. */
export interface RawRequest {
  readonly method: string;
  /** With its query string, percent-encoded as it is to be sent. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Of a stream of events that does not end, its beginning. */
  readonly text: string;
}

/** What is kept of an answer that has no end. */
const STREAM_MOMENT = 30;

/** Sends requests over connections that it keeps. */
export class RawHttp {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(private readonly url: string) {}

  send({ method, path, headers = {}, body }: RawRequest): Promise<RawAnswer> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = { hostname, port, method, path, headers: { ...headers, ...length }, agent: this.#agent };
      const sent = request(options, (answer) => {
        let text = '';
        const done = (): void => resolve({ status: answer.statusCode!, headers: answer.headers, text });
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('end', done).once('error', done);
        if (/^text\/event-stream/.test(answer.headers['content-type'] ?? '')) {
          setTimeout(() => answer.destroy(), STREAM_MOMENT).unref();
          answer.once('close', done);
        }
      });
      sent.once('error', reject).end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
