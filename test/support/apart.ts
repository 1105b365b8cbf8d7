import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Operation } from '#platform/operations/operation';
import { ApiClient, type ApiAnswer } from './api-client.js';
import type { Engine } from './engines/engine.js';
import { EventStoreDbServer } from './eventstoredb-server.js';
import { loopbackPort } from './engines/loopback-port.js';
import { PerdureProcess } from './perdure-process.js';

/** An API, in a process of its own. */
export class ApartApi extends ApiClient {
  constructor(
    url: string,
    readonly process: PerdureProcess,
  ) {
    super(url);
  }

  async get(path: string): Promise<ApiAnswer['body']> {
    const { status, body } = await this.send('GET', path);
    if (status !== 200) throw new Error(`GET ${path} answers ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  async text(path: string): Promise<string> {
    return (await fetch(new URL(path, this.url))).text();
  }

  /** Sends a command that must be carried out; the answer is the parameters by which a list shows what it did. */
  async done(method: string, path: string, body: object = {}, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.send(method, path, body, headers);
    if (answer.status > 299) throw new Error(`${method} ${path} answers ${JSON.stringify(answer)}`);
    return `after=${answer.body['position'] as string}&wait=20s`;
  }

  /** The long work that an answer speaks of, once it has ended. */
  ended({ body }: ApiAnswer): Promise<ApiAnswer['body']> {
    const isOver = (operation: object): boolean => hasEnded(operation as Operation);
    return this.until(`/api/v1/operations/${body['id'] as string}`, isOver);
  }

  /** Asks for the path until what it answers is as expected; rejects after 20 seconds with the last answer. */
  async until(path: string, isExpected: (body: ApiAnswer['body']) => boolean): Promise<ApiAnswer['body']> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const { status, body } = await this.send('GET', path);
      if (status === 200 && isExpected(body)) return body;
      if (performance.now() > deadline) throw new Error(`Still ${status}: ${JSON.stringify(body)} after 20 s.`);
      await sleep(50);
    }
  }
}

/**
 * APIs and workers as containers are: each a process with a data folder of its own, over an EventStoreDB, a MongoDB and a Redis that
 * they share, as they do the keys.
 */
export class Apart {
  readonly apis: ApartApi[] = [];
  readonly workers: ApartApi[] = [];
  #containers = 0;

  private constructor(
    private readonly folder: string,
    readonly events: EventStoreDbServer,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(documents: Engine, jobs: Engine, more: Record<string, string> = {}): Promise<Apart> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    const events = await EventStoreDbServer.start({ lasting: true });
    const apart = new Apart(folder, events, {
      PERDURE_EVENT_STORE: events.url,
      PERDURE_READ_STORE: `${documents.url}perdure`,
      PERDURE_JOBS: jobs.url,
      PERDURE_WORKER: 'apart',
      PERDURE_LOG: 'off',
      PERDURE_AUDIT_KEY_FILE: join(folder, 'keys', 'audit.key'),
      PERDURE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...more,
    });
    try {
      await Promise.all([apart.api(), apart.api(), apart.worker(), apart.worker()]);
      return apart;
    } catch (error) {
      await apart.end();
      throw error;
    }
  }

  /** The file of the public key that the log is signed with. */
  get publicKeyFile(): string {
    return join(this.folder, 'keys', 'audit.pub');
  }

  async api(more: Record<string, string> = {}): Promise<ApartApi> {
    const api = await this.#run('start', more);
    this.apis.push(api);
    return api;
  }

  async worker(more: Record<string, string> = {}): Promise<ApartApi> {
    const worker = await this.#run('worker', more);
    this.workers.push(worker);
    return worker;
  }

  /** Resolves when the worker that has the projection says that it is in this state; rejects after 20 seconds. */
  async aWorkerSays(projection: string, state: string): Promise<void> {
    for (const deadline = performance.now() + 20_000; ; await sleep(50)) {
      const reports = await Promise.all(this.workers.map((worker) => worker.ready()));
      const states = reports.flatMap(({ projections }) => projections).filter(({ name }) => name === projection);
      if (states.some((own) => own.state === state)) return;
      if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(states)} after 20 s.`);
    }
  }

  /** Ends processes as their containers would. */
  async stop(processes: readonly ApartApi[]): Promise<void> {
    await Promise.all(processes.map(({ process }) => process.kill('SIGTERM')));
  }

  async end(): Promise<void> {
    await PerdureProcess.killAll();
    await this.events.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #run(command: 'start' | 'worker', more: Record<string, string>): Promise<ApartApi> {
    const port = String(await loopbackPort());
    const process = new PerdureProcess([command], {
      ...{ PORT: port, PERDURE_WORKER_PORT: port, PERDURE_DATA: join(this.folder, `container-${this.#containers++}`) },
      ...this.settings,
      ...more,
    });
    await process.up().catch(async () => {
      throw new Error(`perdure ${command}: ${(await process.ended).stderr}`);
    });
    return new ApartApi(`http://127.0.0.1:${port}`, process);
  }
}
