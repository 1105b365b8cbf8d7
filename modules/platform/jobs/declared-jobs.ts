import { isName } from './job-request.js';
import { UnusableJobs } from './jobs.errors.js';
import type { JobHandler, JobHandlers, JobRequest } from './jobs.port.js';

/** A handler as it is declared in code. What it needs of the application is injected, as into a factory of Nest's. */
export interface HandlerDeclaration {
  readonly handler: string;
  /** Default `default`. */
  readonly queue?: string;
  readonly inject?: readonly unknown[];
  readonly useFactory: (...injected: never[]) => JobHandler;
}

/** All that the application's modules declare about jobs. */
export class DeclaredJobs {
  readonly #handlers = new Map<string, Record<string, JobHandler>>();
  readonly #requests: JobRequest[] = [];
  readonly #problems: string[] = [];

  addHandler({ handler, queue = 'default' }: HandlerDeclaration, handle: JobHandler): void {
    for (const name of [handler, queue]) {
      if (!isName(name))
        this.#problems.push(`'${name}' is no name for a handler or queue: use letters, digits, ., - and _.`);
    }
    const ofQueue = this.#handlers.get(queue) ?? {};
    if (Object.hasOwn(ofQueue, handler)) {
      this.#problems.push(`Two handlers are called '${handler}' on queue '${queue}': give one of them another name.`);
    }
    this.#handlers.set(queue, { ...ofQueue, [handler]: handle });
  }

  addRequest(request: JobRequest): void {
    if (this.#requests.some(({ key }) => key === request.key)) {
      this.#problems.push(`Two jobs are declared with the key '${request.key}': give one of them another key.`);
    }
    this.#requests.push(request);
  }

  get requests(): readonly JobRequest[] {
    return this.#requests;
  }

  /** By queue. */
  get handlers(): ReadonlyMap<string, JobHandlers> {
    return this.#handlers;
  }

  /** Throws UnusableJobs where two are in each other's way or nobody handles a job that is declared. */
  check(): void {
    const orphans = this.#requests
      .filter(({ handler, queue = 'default' }) => !Object.hasOwn(this.#handlers.get(queue) ?? {}, handler))
      .map(
        ({ key, handler, queue = 'default' }) =>
          `Job '${key}' has no handler: add { handler: '${handler}', queue: '${queue}', useFactory: … } to JobsModule.forHandlers([…]).`,
      );
    const problems = [...this.#problems, ...orphans];
    if (problems.length > 0) throw new UnusableJobs(problems);
  }
}
