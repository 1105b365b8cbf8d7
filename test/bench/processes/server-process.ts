import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyReport } from '#test/support/api-client';
import { freePort } from '#test/support/perdure-process';
import { programPath } from './program.js';

const IDLE_PROGRAM = programPath('idle-server', import.meta.url);

interface Program {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What is asked until it is answered. */
  readonly probe: string;
  /** What names the port; default `PORT`. */
  readonly portName?: string;
}

/** An HTTP server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  /** Perdure as users start it, with its data in this folder, when it answers and its read models are up to date. */
  static async perdure(folder: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.#start({
      args: ['apps/cli/perdure.mjs', 'start'],
      env: { PERDURE_DATA: folder, PERDURE_LOG: 'warn', PERDURE_RATE_LIMIT: 'off', ...env },
      probe: '/health',
    });
    await server.upToDate();
    return server;
  }

  /** `perdure worker` with these settings. */
  static worker(env: Record<string, string>): Promise<ServerProcess> {
    return ServerProcess.#start({
      args: ['apps/cli/perdure.mjs', 'worker'],
      env: { PERDURE_LOG: 'warn', ...env },
      probe: '/health',
      portName: 'PERDURE_WORKER_PORT',
    });
  }

  /** Fastify with routes that do nothing. */
  static idle(): Promise<ServerProcess> {
    return ServerProcess.#start({ args: [...process.execArgv, IDLE_PROGRAM], env: {}, probe: '/' });
  }

  static async #start({ args, env, probe, portName = 'PORT' }: Program): Promise<ServerProcess> {
    const port = await freePort();
    const spawnedAt = performance.now();
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_OPTIONS: '', [portName]: port, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    while (!(await answers(`http://127.0.0.1:${port}${probe}`))) {
      if (child.exitCode !== null) throw new Error(`'${args.join(' ')}' ended with status ${child.exitCode}.`);
      await delay(5);
    }
    return new ServerProcess(child, Number(port), performance.now() - spawnedAt);
  }

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** From the start of the process to its first answer. */
    readonly startedInMs: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the projections of a Perdure have seen all that is stored. */
  async upToDate(): Promise<void> {
    for (;;) {
      if ((await this.#projections()).every(({ lagSeconds }) => lagSeconds === 0)) return;
      await delay(20);
    }
  }

  /** Whether the projection is run by this process. */
  async runs(projection: string): Promise<boolean> {
    const { state } = (await this.#projections()).find(({ name }) => name === projection)!;
    return state === 'live' || state === 'catching-up';
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGTERM');
  }

  async #projections(): Promise<ReadyReport['projections']> {
    return ((await (await fetch(`${this.url}/ready`)).json()) as ReadyReport).projections;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
