import type { RawAnswer } from './raw-http.js';

/** What makes a request of an operation. */
export interface GoodRequest {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What requests name that earlier ones made. */
export interface Made {
  /** Answers a request of the same server: for what has to be waited for. */
  readonly get: (path: string) => Promise<{ status: number; body: Record<string, unknown> }>;
  /** Sets a thing aside and returns the name of what is parked. */
  readonly park: (noun: string, id: string) => Promise<string>;
  /** Last answers, by operation. */
  readonly answers: Map<string, RawAnswer>;
}

/** A field of the first item of a list. */
export const field = async (made: Made, path: string, name: string): Promise<string> => {
  const items = (await made.get(path)).body['items'] as Record<string, string>[];
  return items[0]![name]!;
};

/** The id of what the operation has started. */
export function startedBy(operation: string) {
  return async ({ answers }: Made): Promise<string> => (JSON.parse(answers.get(operation)!.text) as { id: string }).id;
}

/** Asks until the answer is as it should be; rejects after 10 seconds. */
export async function until(made: Made, path: string, isReady: (body: Record<string, unknown>) => boolean) {
  for (const deadline = performance.now() + 10_000; ;) {
    const { status, body } = await made.get(path);
    if (status === 200 && isReady(body)) return body;
    if (performance.now() > deadline) throw new Error(`GET ${path} still answers ${JSON.stringify(body)}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Resolves when what the operation started is done. */
export const done = async (made: Made, operation: string) => {
  const id = await startedBy(operation)(made);
  return until(made, `/api/v1/operations/${id}`, ({ state }) => state === 'done');
};

/** The latest signed head, once there is one. */
export const head = (made: Made) => until(made, '/api/v1/audit/heads/latest', ({ size }) => Number(size) > 0);
