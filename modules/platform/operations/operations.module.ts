import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import { Metrics } from '../observability/metrics.js';
import { Leases } from '../projecting/leases.js';
import { READ_STORE, type ReadStore } from '../read-store/read-store.port.js';
import { OperationWorker } from './operation-worker.js';
import { Operations } from './operations.js';

/** Long work for the whole application. A global module must provide `READ_STORE`. */
@Module({})
export class OperationsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Operations can be asked for; with `work` they are also carried out here, by the handlers that `OperationWorker.handle` adds. */
  static forRoot({ work }: { work: boolean }): DynamicModule {
    const asked = {
      provide: Operations,
      inject: [READ_STORE],
      useFactory: (store: ReadStore) => new Operations(store),
    };
    const worker = {
      provide: OperationWorker,
      inject: [Operations, READ_STORE],
      useFactory: (operations: Operations, store: ReadStore) =>
        new OperationWorker(operations, store, { leases: store.shared ? new Leases(store) : undefined }),
    };
    return {
      module: OperationsModule,
      global: true,
      providers: work ? [asked, worker] : [asked],
      exports: work ? [Operations, OperationWorker] : [Operations],
    };
  }

  constructor(
    @Inject(Operations) private readonly operations: Operations,
    @Optional() @Inject(OperationWorker) private readonly worker?: OperationWorker,
    @Optional() @Inject(Metrics) metrics?: Metrics,
  ) {
    metrics?.gauge('operations_running', 'Long work that is carried out in this process.', () => worker?.running ?? 0);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.operations.define();
    await this.worker?.start();
  }

  /** Before the stores close. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.worker?.stop();
  }
}
