import { Module } from '@nestjs/common';
import { StreamPages } from '#platform/graphql/stream-pages';
import { ObjectsResolver } from './objects.resolver.js';

/** The past of objects in GraphQL; loaded when that is first asked for. */
@Module({ providers: [StreamPages, ObjectsResolver] })
export class HistoryGraphqlModule {}
