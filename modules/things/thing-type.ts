import { Field, ID, ObjectType } from '@nestjs/graphql';
import type { JsonObject } from '#kernel/json';
import { connectionOf } from '#platform/graphql/connection';
import { DateTime, JsonScalar, SafeInt } from '#platform/graphql/scalars';
import { nodeIdOf, Node } from '#platform/graphql/nodes';
import type { ThingDocument } from '#read-models/things';
import type { LivingThing } from './thing.js';
import type { ThingRef } from './thing.events.js';

@ObjectType('Thing', {
  implements: () => Node,
  description: 'What somebody keeps: a noun, an id, and data of its own.',
})
export class ThingType extends Node {
  @Field(() => ID, { description: 'Its own among the things of its noun.' })
  id: string;

  @Field(() => String)
  noun: string;

  @Field(() => SafeInt, { description: 'Number of its last event, from 0.' })
  revision: number;

  @Field(() => DateTime)
  createdAt: string;

  @Field(() => DateTime)
  updatedAt: string;

  @Field(() => DateTime, { nullable: true, description: 'There while it is soft-deleted.' })
  deletedAt?: string;

  @Field(() => JsonScalar)
  data: JsonObject;
}

export const ThingConnection = connectionOf(() => ThingType, 'Thing');

@ObjectType('Relationship', { description: 'A named relation of a thing, seen from one of its ends.' })
export class RelationshipType {
  @Field(() => String)
  relationship: string;

  @Field(() => DateTime)
  since: string;

  @Field(() => JsonScalar, { nullable: true })
  data?: JsonObject;

  @Field(() => ThingType, { description: 'The thing at the other end.' })
  thing: ThingType;
}

export const RelationshipConnection = connectionOf(() => RelationshipType, 'Relationship');

type Known = Pick<LivingThing, 'data' | 'createdAt' | 'updatedAt'> & { readonly deletedAt?: number | null };

/** The thing as GraphQL shows it, from its stream's state or from its document. */
export function shownThing({ noun, id }: ThingRef, thing: Known, revision: number): ThingType {
  return {
    nodeId: nodeIdOf('Thing', noun, id),
    id,
    noun,
    revision,
    createdAt: textOf(thing.createdAt),
    updatedAt: textOf(thing.updatedAt),
    deletedAt: typeof thing.deletedAt === 'number' ? textOf(thing.deletedAt) : undefined,
    data: thing.data,
  };
}

export function shownDocument(document: ThingDocument): ThingType {
  return shownThing({ noun: document.noun, id: document.thingId }, document, document.revision);
}

export function textOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
