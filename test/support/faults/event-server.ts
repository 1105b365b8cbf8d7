import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { EngineProcess } from '#test/support/engines/engine-process';

const PERDURE = resolve('apps/cli/perdure.mjs');

/** An EventStoreDB server as a process of its own: an embedded Perdure that opens that protocol on its SQLite file. */
export function eventServer(): EngineProcess {
  return new EngineProcess({
    name: 'event-server',
    command: (port, folder) => [
      ...['env', 'NODE_OPTIONS=', 'PORT=0', 'PERDURE_LOG=off', `PERDURE_DATA=${folder}`],
      ...[`PERDURE_EVENTSTOREDB_PORT=${port}`, process.execPath, PERDURE, 'start'],
    ],
    url: (port) => `esdb://127.0.0.1:${port}?tls=false`,
    answers: async (port) => {
      const socket = connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return true;
      } finally {
        socket.destroy();
      }
    },
  });
}
