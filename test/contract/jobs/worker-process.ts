import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { WorkerLine } from './worker-program.js';

/** `worker-program.ts` in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(url: string, { lock = 30_000 } = {}) {
    const node = ['--conditions=source', '--import=./test/support/typescript.hooks.mjs'];
    const program = ['test/contract/jobs/worker-program.ts', url, String(lock)];
    this.#child = spawn(process.execPath, [...node, ...program], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  /** The next line; undefined when the process has ended. */
  async line(): Promise<WorkerLine | undefined> {
    const next = await this.#lines.next();
    return next.done ? undefined : (JSON.parse(next.value) as WorkerLine);
  }

  /** SIGSTOP and SIGCONT: it hangs, and then goes on as if nothing had been. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once, whatever it does. Returns what it had printed and nobody has read. */
  async kill(): Promise<WorkerLine[]> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    const rest: WorkerLine[] = [];
    for (let line = await this.line(); line; line = await this.line()) rest.push(line);
    await exited;
    return rest;
  }
}
