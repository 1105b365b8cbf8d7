import { type DynamicModule, Module } from '@nestjs/common';
import { Blame } from './blame.js';
import { Differences } from './differences.js';
import { DryRuns } from './dry-runs.js';
import { EventHistory } from './event-history.js';
import { ObjectPast } from './object-past.js';
import { ObjectsController } from './objects.controller.js';
import { FIND_CORRELATED, type FindCorrelated, Traces } from './traces.js';
import { TracesController } from './traces.controller.js';

/** The past of every object, for all modules and over HTTP. */
@Module({})
export class HistoryModule {
  /** `findCorrelated` asks the read model that knows all events by their correlation. */
  static with(findCorrelated: FindCorrelated): DynamicModule {
    const services = [ObjectPast, EventHistory, Differences, Blame, Traces, DryRuns];
    return {
      module: HistoryModule,
      global: true,
      controllers: [ObjectsController, TracesController],
      providers: [{ provide: FIND_CORRELATED, useValue: findCorrelated }, ...services],
      exports: services,
    };
  }
}
