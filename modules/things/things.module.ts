import { Module, type OnModuleInit } from '@nestjs/common';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { PlatformModule } from '#platform/platform.module';
import { CollectionsController } from './collections.controller.js';
import { noun } from './noun.js';
import { NounsController } from './nouns.controller.js';
import { RelationshipsController } from './relationships.controller.js';
import { RESERVED_NOUNS } from './thing.events.js';
import { thing } from './thing.js';
import { ThingQueriesController } from './thing-queries.controller.js';
import { ThingViews } from './thing-views.js';
import { ThingsController } from './things.controller.js';

/** Nouns, things, verbs and relationships. */
@Module({
  imports: [PlatformModule.forObjects([noun, thing])],
  controllers: [
    NounsController,
    ThingsController,
    ThingQueriesController,
    RelationshipsController,
    CollectionsController,
  ],
  providers: [ThingViews],
  exports: [ThingViews],
})
export class ThingsModule implements OnModuleInit {
  constructor(private readonly registry: ObjectRegistry) {}

  /** A type of Perdure's own that a user could take as a noun would share its streams with them. */
  onModuleInit(): void {
    const missing = this.registry.types.filter(({ name }) => !RESERVED_NOUNS.has(name)).map(({ name }) => `'${name}'`);
    if (missing.length > 0) {
      throw new Error(`Add ${missing.join(', ')} to RESERVED_NOUNS in modules/things/thing.events.ts.`);
    }
  }
}
