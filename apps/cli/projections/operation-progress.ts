import type { Api } from '../api/api.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { ProgressBar } from '../output/progress-bar.js';

/** Long work of a server's, as its API tells of it. */
export interface Operation {
  readonly id: string;
  readonly state: 'pending' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly done: number;
  readonly total: number;
  /** A second. */
  readonly rate?: number;
  readonly secondsLeft?: number;
  readonly error?: string;
}

/** Shows how far the operation is until it ends. Ctrl-C ends only the showing. Rejects with CommandFailed where it does not succeed. */
export async function followOperation(api: Api, begun: Operation): Promise<Operation> {
  const bar = new ProgressBar(process.stderr, 'events');
  const leave = new AbortController();
  process.once('SIGINT', () => leave.abort());
  let operation = begun;
  for await (operation of api.messages<Operation>(`/api/v1/operations/${begun.id}/progress`, {}, leave.signal)) {
    bar.show(operation.done, operation.total > 0 ? operation.done / operation.total : undefined);
  }
  bar.clear();
  if (operation.state === 'done') return operation;
  if (leave.signal.aborted) {
    throw new CommandFailed(
      `It goes on in the server: GET /api/v1/operations/${begun.id} says how far it is.`,
      EXIT.interrupted,
    );
  }
  throw new CommandFailed(`It is ${operation.state}${operation.error ? `: ${operation.error}` : ''}.`);
}
