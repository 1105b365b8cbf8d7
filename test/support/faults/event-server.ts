import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { EngineProcess } from '#test/support/engines/engine-process';

/**
 * An EventStoreDB server as a process of its own: our front on an embedded store. A whole Perdure that opens the port would be another
 * one: it carries out the schedules that it finds in its events.
 */
export function eventServer(): EngineProcess {
  const hooks = resolve('test/support/typescript.hooks.mjs');
  const program = resolve('test/support/faults/event-server-program.ts');
  const node = [process.execPath, '--conditions=source', `--import=${hooks}`, program];
  return new EngineProcess({
    name: 'event-server',
    command: (port, folder) => ['env', 'NODE_OPTIONS=', ...node, String(port), folder],
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
