import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a command of the CLI did, once it has ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `perdure …` as users run it, in a process of its own. */
export class PerdureProcess {
  static readonly #running = new Set<PerdureProcess>();

  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = '';
  #isUp: Promise<void>;

  constructor(args: readonly string[], env: Record<string, string> = {}, launcher = 'apps/cli/perdure.mjs') {
    this.#child = spawn(process.execPath, [launcher, ...args], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    this.#isUp = new Promise((resolve, reject) => {
      this.#child.stdout!.once('data', () => resolve());
      this.#child.once('exit', () => reject(new Error(`perdure ${args.join(' ')} ended without a word.`)));
    });
    this.#isUp.catch(() => {});
    this.#child.stdout!.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    PerdureProcess.#running.add(this);
    this.#child.once('exit', () => PerdureProcess.#running.delete(this));
    const exit = once(this.#child, 'exit') as Promise<[number | null]>;
    this.ended = Promise.all([exit, text(this.#child.stdout!), text(this.#child.stderr!)]).then(
      ([[exitCode], stdout, stderr]) => ({ exitCode, stdout, stderr }),
    );
  }

  /** Ends what a failed test left running. */
  static async killAll(): Promise<void> {
    await Promise.all([...PerdureProcess.#running].map((process) => process.kill()));
  }

  /** Resolves with the first output: a server is up then. */
  up(): Promise<void> {
    return this.#isUp;
  }

  /** What it has written to standard output so far. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it has written more; rejects where it ends instead. */
  async more(): Promise<void> {
    const ended = this.ended.then(() => Promise.reject(new Error('It ended.')));
    await Promise.race([once(this.#child.stdout!, 'data'), ended]);
  }

  /** Writes to its standard input; resolves when it has taken it in. */
  feed(text: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#child.stdin!.write(text, (error) => (error ? reject(error) : resolve())),
    );
  }

  endInput(): void {
    this.#child.stdin!.end();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}
