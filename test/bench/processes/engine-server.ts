import type { Engine } from '#test/support/engines/engine';
import { ferretdb, ferretdbMissing } from '#test/support/engines/ferretdb';
import { redis, redisMissing } from '#test/support/engines/redis';

const engines = {
  MongoDB: { given: 'MONGODB_URL', missing: ferretdbMissing, create: ferretdb },
  // As operators run it: an fsync a second, not one an answer.
  Redis: { given: 'REDIS_URL', missing: redisMissing, create: () => redis({ extra: ['--appendfsync', 'everysec'] }) },
} satisfies Record<string, { given: string; missing(): string | undefined; create(): Engine }>;

/** A database server to measure on: the one that is named in the environment, else one of the bench's own. */
export class EngineServer implements AsyncDisposable {
  /** Undefined where there is none; says then how to get it. */
  static async start(kind: keyof typeof engines): Promise<EngineServer | undefined> {
    const { given, missing, create } = engines[kind];
    const url = process.env[given];
    if (url) return new EngineServer(url);
    if (missing()) return void console.log(`  no ${kind}: ${missing()}, or set ${given}`);
    const engine = create();
    await engine.start();
    return new EngineServer(engine.url, engine);
  }

  private constructor(
    readonly url: string,
    private readonly engine?: Engine,
  ) {}

  /** The URL of a database that nobody else uses. */
  database(name: string): string {
    const url = new URL(this.url);
    url.pathname = `/perdure-bench-${process.pid}-${name}`;
    return url.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine?.stop();
  }
}
