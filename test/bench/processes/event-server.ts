import { fork } from 'node:child_process';
import { once } from 'node:events';
import { programPath } from './program.js';

const PROGRAM = programPath('event-server-program', import.meta.url);

/** A server of EventStoreDB's protocol: the one that `EVENTSTOREDB_URL` names, else our own in a process of its own. */
export class EventServer implements Disposable {
  static async start(folder: string, { own = false } = {}): Promise<EventServer> {
    const given = process.env['EVENTSTOREDB_URL'];
    if (given && !own) return new EventServer(given, () => {});

    const child = fork(PROGRAM, [folder]);
    const port = await Promise.race([
      once(child, 'message').then(([message]) => message as number),
      once(child, 'exit').then(() => Promise.reject(new Error('The event server ended at its start.'))),
    ]);
    return new EventServer(`esdb://127.0.0.1:${port}?tls=false`, () => child.disconnect());
  }

  private constructor(
    readonly url: string,
    private readonly end: () => void,
  ) {}

  [Symbol.dispose](): void {
    this.end();
  }
}
