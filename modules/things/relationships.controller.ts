import { Controller, Delete, Get, Inject, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { JsonObject } from '#kernel/json';
import { Id, Identifier, OneOf, Optional } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { Unsealing } from '#platform/erasure/unsealing';
import { streamName } from '#platform/event-store/stream-name';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { listRelationships, type RelationshipDocument } from '#read-models/relationships';
import { RelateThing, UnrelateThing } from './thing.commands.js';
import { representDocument, thingSchema } from './thing-representation.js';

class RelationshipParameters extends PageParameters {
  @Identifier() noun: string;
  @Id() id: string;

  /** From this thing to others (`out`, default), or from others to this one. */
  @Optional(OneOf(['out', 'in'])) direction?: 'out' | 'in';

  /** Only relationships of this name. */
  @Optional(Identifier()) name?: string;
}

const relationshipSchema = {
  type: 'object',
  required: ['relationship', 'direction', 'since', 'data', 'thing'],
  properties: {
    relationship: { type: 'string' },
    direction: { enum: ['out', 'in'] },
    since: { type: 'string', format: 'date-time' },
    data: { type: ['object', 'null'] },
    thing: thingSchema,
  },
};

/** Named relationships between things, seen from both ends. */
@Controller('api/v1/things/:noun/:id/relationships')
export class RelationshipsController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(READ_STORE) private readonly store: ReadStore,
    private readonly unsealing: Unsealing,
  ) {}

  @Put(':relationship/:toNoun/:toId')
  @CommandEndpoint({
    summary: 'Relate a thing to another',
    description: 'A body is optional: its `data` belongs to the relation.',
    errors: ['thing-not-found', 'thing-soft-deleted', 'related-thing-not-found', 'too-many-relations'],
  })
  relate(@Command() command: RelateThing): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Delete(':relationship/:toNoun/:toId')
  @CommandEndpoint({ summary: 'End a relation', errors: ['thing-not-found', 'thing-soft-deleted'] })
  unrelate(@Command() command: UnrelateThing): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Get()
  @QueryEndpoint({
    summary: 'List what a thing is related to, with the things at the other end',
    description: 'Things that were deleted meanwhile are left out.',
    paged: true,
    answer: relationshipSchema,
    reads: ['relationships', 'things'],
    errors: ['invalid-cursor'],
  })
  async list(
    @Parameters() { noun, id, direction = 'out', name, limit, cursor }: RelationshipParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<JsonObject>> {
    const stream = streamName(tenant, { type: noun, id });
    const { items, next } = await listRelationships(this.store, stream, { direction, name, limit, cursor });
    const things = await this.unsealing.answers(
      tenant,
      items.map(({ thing }) => representDocument(thing)),
    );
    const shown = items.map(({ relationship }, i) => relation(relationship, things[i] as JsonObject, direction));
    return { items: shown, next };
  }
}

function relation(known: RelationshipDocument, thing: JsonObject, direction: 'out' | 'in'): JsonObject {
  const { relationship, since, data } = known;
  return { relationship, since: new Date(since).toISOString(), data, thing, direction };
}
