import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { serve, type Server } from '#apps/api/main';

/** A Perdure of a test's own: any free port, a folder that goes with it. */
export class PerdureServer {
  static async start(): Promise<PerdureServer> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    const server = await serve({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error' });
    return new PerdureServer(server, folder);
  }

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  get url(): string {
    return this.server.url;
  }

  get api() {
    return supertest(this.server.url);
  }

  /** Asks again until the answer is as expected: lists follow commands by moments. Rejects after 10 seconds. */
  async eventually<T>(ask: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const answer = await ask();
      if (isExpected(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(answer)} after 10 s.`);
    }
  }

  async stop(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true });
  }
}
