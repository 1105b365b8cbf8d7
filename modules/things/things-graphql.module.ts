import { Module } from '@nestjs/common';
import { StreamPages } from '#platform/graphql/stream-pages';
import { NounsResolver } from './nouns.resolver.js';
import { ThingFieldsResolver } from './thing-fields.resolver.js';
import { ThingsModule } from './things.module.js';
import { ThingsResolver } from './things.resolver.js';

/** Things in GraphQL; loaded when that is first asked for. */
@Module({ imports: [ThingsModule], providers: [NounsResolver, ThingsResolver, ThingFieldsResolver, StreamPages] })
export class ThingsGraphqlModule {}
