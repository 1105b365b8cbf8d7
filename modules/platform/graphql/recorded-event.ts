import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import type { Json } from '#kernel/json';
import type { ErasedMark } from '#platform/erasure/unsealing';
import type { HistoryEntry } from '#platform/history/history-entry';
import { DateTime, JsonScalar, SafeInt } from './scalars.js';

const OBJECT_STREAM = /^[^.]+\.([A-Za-z][A-Za-z0-9_]*)-(.+)$/;

@ObjectType({ description: 'Who did it.' })
export class Actor {
  @Field(() => String, { description: 'Such as user, service or anonymous.' })
  type: string;

  @Field(() => ID)
  id: string;
}

@ObjectType('Event', { description: 'What happened to an object, with who, when, why and because of what.' })
export class RecordedEvent {
  @Field(() => ID)
  id: string;

  @Field(() => String)
  type: string;

  @Field(() => JsonScalar)
  data: Json;

  @Field(() => String, { description: 'Such as main.Customer-ada.' })
  stream: string;

  @Field(() => String, {
    nullable: true,
    description: 'The type of the object, such as a noun. Other programs may write streams of no object.',
  })
  objectType?: string;

  @Field(() => ID, { nullable: true })
  objectId?: string;

  @Field(() => SafeInt, { description: 'Its number in the stream, from 0.' })
  revision: number;

  @Field(() => String, {
    description: 'Its place in the order of all events: subscribe from here to get what comes behind.',
  })
  position: string;

  @Field(() => DateTime)
  occurredAt: string;

  @Field(() => DateTime)
  recordedAt: string;

  @Field(() => Actor)
  actor: Actor;

  @Field(() => String, { nullable: true })
  reason?: string;

  @Field(() => ID)
  commandId: string;

  @Field(() => ID)
  correlationId: string;

  @Field(() => ID)
  causationId: string;

  @Field(() => Int, { description: 'Version of the shape that type and data have here.' })
  schemaVersion: number;

  @Field(() => [String], { nullable: true, description: 'JSON pointers to what was erased of it, and is null.' })
  erased?: readonly string[];
}

/** The event as GraphQL shows it: an entry of a history, unsealed, and its stream. */
export function shownEntry(entry: HistoryEntry & ErasedMark, stream: string): RecordedEvent {
  const [, objectType, objectId] = OBJECT_STREAM.exec(stream) ?? [];
  const { $erased: erased, ...rest } = entry;
  return { ...rest, stream, objectType, objectId, erased };
}
