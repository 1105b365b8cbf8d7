import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engine.js';
import { loopbackPort } from './loopback-port.js';
import { pathOf } from './programs.js';

const STARTS_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 10_000;

/** What the engines differ in. */
export interface EngineProgram {
  readonly name: string;
  /** The program and its arguments. */
  command(port: number, folder: string): readonly string[];
  url(port: number): string;
  /** Whether it serves now; rejections count as no. */
  answers(port: number): Promise<boolean>;
}

/** An engine as a child process. Where util-linux is there, it dies with us however we die. */
export class EngineProcess implements Engine {
  #port?: number;
  #folder?: string;
  #child?: ChildProcess;
  #output = '';

  constructor(private readonly program: EngineProgram) {}

  get url(): string {
    if (this.#port === undefined) throw new Error(`Start ${this.program.name} before you ask for its URL.`);
    return this.program.url(this.#port);
  }

  async start(): Promise<void> {
    if (this.#isRunning()) return;
    this.#port ??= await loopbackPort();
    this.#folder ??= mkdtempSync(join(tmpdir(), `perdure-${this.program.name}-`));
    this.#launch(this.program.command(this.#port, this.#folder));

    const deadline = performance.now() + STARTS_WITHIN_MS;
    while (!(await this.program.answers(this.#port).catch(() => false))) {
      if (!this.#isRunning()) throw new Error(`${this.program.name} ended at its start:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`${this.program.name} does not answer:\n${this.#output}`);
      await sleep(10);
    }
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    const slow = setTimeout(() => this.#child?.kill('SIGKILL'), ENDS_WITHIN_MS);
    await this.#end('SIGTERM');
    clearTimeout(slow);
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #launch(command: readonly string[]): void {
    const keeper = pathOf('setpriv');
    const [program = '', ...args] = keeper ? [keeper, '--pdeathsig', 'KILL', ...command] : command;
    this.#output = '';
    this.#child = spawn(program, args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4_000)));
    }
  }

  #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#isRunning()) return;
    const exited = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await exited;
  }
}
