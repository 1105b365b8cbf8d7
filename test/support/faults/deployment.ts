import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '#test/support/api-client';
import type { Engine } from '#test/support/engines/engine';
import { loopbackPort } from '#test/support/engines/loopback-port';
import { TcpProxy } from '#test/support/engines/tcp-proxy';
import { PerdureProcess } from '#test/support/perdure-process';
import { eventServer } from './event-server.js';

/** The three engines, by the names that `/ready` has for them. */
export const PARTS = ['event store', 'read store', 'jobs'] as const;
export type Part = (typeof PARTS)[number];

/** A process of Perdure's, and how to ask it. */
export interface Running {
  readonly process: PerdureProcess;
  readonly api: ApiClient;
}

/** Two APIs and two workers over three servers, with a network between that can be broken. */
export class Deployment {
  readonly apis: Running[] = [];
  readonly workers: Running[] = [];

  private constructor(
    readonly engines: Readonly<Record<Part, Engine>>,
    readonly networks: Readonly<Record<Part, TcpProxy>>,
    /** The keys that all processes share: those of another log must not be found there. */
    private readonly keys: string,
  ) {}

  static async start(documents: Engine, jobs: Engine): Promise<Deployment> {
    const events = eventServer();
    await events.start();
    const engines = { 'event store': events, 'read store': documents, jobs };
    const [toEvents, toDocuments, toJobs] = await Promise.all(PARTS.map((part) => TcpProxy.to(engines[part].url)));
    const networks = { 'event store': toEvents!, 'read store': toDocuments!, jobs: toJobs! };
    const deployment = new Deployment(engines, networks, await mkdtemp(join(tmpdir(), 'perdure-')));
    deployment.apis.push(...(await Promise.all([deployment.#run('start'), deployment.#run('start')])));
    deployment.workers.push(...(await Promise.all([deployment.startWorker(), deployment.startWorker()])));
    return deployment;
  }

  get all(): readonly Running[] {
    return [...this.apis, ...this.workers];
  }

  /** One that is not in `workers` yet. */
  startWorker(): Promise<Running> {
    return this.#run('worker');
  }

  /** Nothing is broken any more; what is down comes up. */
  async mend(): Promise<void> {
    for (const part of PARTS) {
      this.engines[part].resume();
      await this.engines[part].start();
      await this.networks[part].restore();
    }
  }

  async end(): Promise<void> {
    await Promise.all(PARTS.map((part) => this.networks[part].close()));
    await PerdureProcess.killAll();
    await this.engines['event store'].stop();
    await rm(this.keys, { recursive: true, force: true });
  }

  async #run(command: 'start' | 'worker'): Promise<Running> {
    const port = String(await loopbackPort());
    const process = new PerdureProcess([command], {
      [command === 'start' ? 'PORT' : 'PERDURE_WORKER_PORT']: port,
      PERDURE_EVENT_STORE: this.networks['event store'].url,
      PERDURE_READ_STORE: this.networks['read store'].url,
      PERDURE_JOBS: this.networks.jobs.url,
      PERDURE_WORKER: 'apart',
      PERDURE_AUDIT_KEY_FILE: join(this.keys, 'audit.key'),
      PERDURE_MASTER_KEY_FILE: join(this.keys, 'master.key'),
      PERDURE_LOG: 'warn',
    });
    await process.up().catch(async () => {
      throw new Error(`perdure ${command}: ${(await process.ended).stderr}`);
    });
    return { process, api: new ApiClient(`http://127.0.0.1:${port}`) };
  }
}
