import { type Api, ServerAway } from '../api/api.js';
import type { ApiOptions } from '../api/api-command.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { ProgressBar } from '../output/progress-bar.js';

/** Long work of a server's, as its API tells of it. */
export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly state: 'pending' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly done: number;
  readonly total?: number;
  /** A second. */
  readonly rate?: number;
  readonly secondsLeft?: number;
  readonly requestedAt: string;
  readonly error?: string;
}

/**
 * Shows how far the operation is until it ends. Ctrl-C ends only the showing. Rejects with CommandFailed where it does not succeed,
 * and with EXIT.interrupted where it still goes on.
 */
export async function followOperation(api: Api, begun: Operation, { data }: ApiOptions): Promise<Operation> {
  const bar = new ProgressBar(process.stderr, 'events');
  const leave = new AbortController();
  const stop = (): void => leave.abort();
  process.once('SIGINT', stop);
  let operation = begun;
  try {
    for await (operation of api.messages<Operation>(`/api/v1/operations/${begun.id}/progress`, {}, leave.signal)) {
      bar.show(operation.done, operation.total ? Math.min(1, operation.done / operation.total) : undefined);
    }
  } catch (error) {
    throw error instanceof ServerAway ? serverWentAway(begun) : error;
  } finally {
    bar.clear();
    process.off('SIGINT', stop);
  }
  const { id, state, error } = operation;
  if (state === 'done') return operation;
  if (state === 'failed' || state === 'cancelled') {
    const why = error === undefined ? '' : `: ${error}`;
    throw new CommandFailed(`The operation is ${state}${why}. To go on with it: perdure operations resume ${id}`);
  }
  // A server that is ended ends what it tells, too.
  if (!leave.signal.aborted && data === undefined) throw serverWentAway(operation);
  const where = data === undefined ? 'in the server' : 'with the next server on this store';
  const words = `It goes on ${where}. To see how far it is: perdure operations follow ${id}`;
  throw new CommandFailed(words, leave.signal.aborted ? EXIT.interrupted : EXIT.failed);
}

function serverWentAway({ id }: Operation): CommandFailed {
  return new CommandFailed(`The server went away; it goes on after its next start: perdure operations follow ${id}`);
}
