import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Line } from './store-program.js';

export interface StoreProcessOptions {
  /** Appends under way at the same time. */
  readonly lanes?: number;
  /** The user to run as; needs root. */
  readonly uid?: number;
}

/** `store-program.ts` in a process of its own. */
export class StoreProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string, { lanes = 0, uid = 0 }: StoreProcessOptions = {}) {
    const node = ['--conditions=source', '--import=./test/support/typescript.hooks.mjs'];
    const program = ['test/support/store-program.ts', path, String(lanes), String(uid)];
    this.#child = spawn(process.execPath, [...node, ...program], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  /** The next line; undefined when the process has ended. */
  async line(): Promise<Line | undefined> {
    const next = await this.#lines.next();
    return next.done ? undefined : (JSON.parse(next.value) as Line);
  }

  /** Ends it at once, whatever it does. Returns what it had printed and nobody has read. */
  async kill(): Promise<Line[]> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    const rest: Line[] = [];
    for (let line = await this.line(); line; line = await this.line()) rest.push(line);
    await exited;
    return rest;
  }
}
