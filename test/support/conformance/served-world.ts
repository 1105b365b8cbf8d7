import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '#apps/api/app.module';
import type { Recorded } from '#kernel/event';
import { readConfig } from '#platform/config/config';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { createHttpApp } from '#platform/http/create-http-app';
import { drain } from '#platform/http/drain';
import { Operations } from '#platform/operations/operations';
import { park, parkedEvents } from '#platform/projecting/parked-events';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { thingsProjection } from '#projections/things.projection';

/** A whole Perdure in this process, and its stores within reach. */
export class ServedWorld {
  static async start(): Promise<ServedWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    const config = readConfig({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'off', PERDURE_AUDIT_EVERY: '1' });
    const app = await createHttpApp(AppModule.with(config), config);
    await app.listen(0, '127.0.0.1');
    return new ServedWorld(app, folder);
  }

  readonly url: string;

  private constructor(
    private readonly app: NestFastifyApplication,
    readonly folder: string,
  ) {
    this.url = `http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`;
  }

  /** All events that are stored, hidden ones too. */
  async events(): Promise<readonly Recorded[]> {
    return (await this.app.get<EventStore>(EVENT_STORE, { strict: false }).readAll({ limit: 100_000 })).events;
  }

  /** Sets a thing aside as if its last event had failed, and returns what it is called among the parked. */
  async parkThing(noun: string, id: string): Promise<string> {
    const stream = `main.${noun}-${id}`;
    const event = (await this.events()).findLast((each) => each.stream === stream)!;
    const after = String(BigInt(event.position) - 1n);
    const failure = { event, error: new Error(`Nobody can take ${noun} ${id}.`), attempts: 3 };
    const parked = park(thingsProjection, stream, failure, after, new Date(event.recordedAt));
    const name = `${thingsProjection.name}/key/${stream}`;
    const { position } = event;
    const writes = [
      { collection: thingsProjection.readModel.name, id: stream, document: null, position },
      { collection: parkedEvents.name, id: name, document: parked, position },
    ];
    await this.app.get<ReadStore>(READ_STORE, { strict: false }).write(writes);
    return name;
  }

  /** Asks for long work of a kind, and returns the id of the operation: what no handler is for waits until it is cancelled. */
  async askForWork(kind: string): Promise<string> {
    return (await this.app.get(Operations, { strict: false }).request(kind, {})).id;
  }

  async stop(): Promise<void> {
    await drain(this.app);
    await rm(this.folder, { recursive: true });
  }
}
