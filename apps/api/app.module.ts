import { type DynamicModule, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { ThingsModule } from '#modules/things/things.module';
import { BatchesController } from '#platform/batches/batches.controller';
import type { Config } from '#platform/config/config';
import { Activations } from '#platform/dispatch/activations';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { Metrics } from '#platform/observability/metrics';
import { Readiness } from '#platform/observability/readiness';
import { PlatformModule } from '#platform/platform.module';
import { ProjectingModule } from '#platform/projecting/projecting.module';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { nounsProjection } from '#projections/nouns.projection';
import { relationshipsProjection } from '#projections/relationships.projection';
import { thingsProjection } from '#projections/things.projection';

export const PROJECTIONS = [thingsProjection, relationshipsProjection, nounsProjection];

/** Everything in one process: the API, and the projections behind it. */
@Module({})
export class AppModule implements OnModuleInit {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ stores: config, dispatch: config }),
        ProjectingModule.forProjections(PROJECTIONS),
        ThingsModule,
      ],
      controllers: [BatchesController],
    };
  }

  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
    private readonly activations: Activations,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(READ_STORE) private readonly readStore: ReadStore,
  ) {}

  onModuleInit(): void {
    this.readiness.add('event store', () => this.eventStore.head());
    this.readiness.add('read store', () => this.readStore.checkpoint(thingsProjection.name));
    this.metrics.gauge('cached_objects', 'Objects whose state is in memory.', () => this.activations.size);
  }
}
