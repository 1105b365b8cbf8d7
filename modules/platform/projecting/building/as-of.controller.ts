import { Controller, Get, Post } from '@nestjs/common';
import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { Id, Integer, JsonRecord, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import { Unsealing } from '#platform/erasure/unsealing';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { JsonBody, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { requestParameter } from '#platform/http/request-parameter';
import { OPERATION_URL, OperationDetails, represent } from '#platform/operations/operations.controller';
import type { Sort } from '#platform/read-store/read-store.port';
import { AsOf } from './as-of.js';

const HOUR = 3_600;

/** Either `position` or `at`. */
class AsOfMoment {
  /** After the event at this position, such as the `Perdure-Position` of a command. */
  @Optional(Text({ max: 20, pattern: /^(0|[1-9]\d{0,19})$/ })) position?: string;

  /** At this time. */
  @Optional(Timestamp()) at?: string;

  /** What `at` is compared with: when events were stored (default), or when they happened. */
  @Optional(OneOf(['recorded', 'occurred'])) clock?: 'recorded' | 'occurred';

  /** How long the copy is kept once it is made; an hour where nothing is said, a day at most. */
  @Optional(Integer({ min: 1, max: 24 * HOUR })) expiresInSeconds?: number;
}

class CopyParameters extends PageParameters {
  @Text({ max: 200 }) name: string;
  @Id() operationId: string;

  /** A filter in MongoDB's operators, as JSON, over the fields of the documents: {"noun":"Order"}. */
  @Optional(JsonRecord()) where?: JsonObject;

  /** Fields by which to order, by dotted path and separated by commas; `-` turns one round. */
  @Optional(Text({ max: 500 })) sort?: string;

  /** The fields to show, by dotted path and separated by commas; default: all. */
  @Optional(Text({ max: 2_000 })) fields?: string;
}

class CopiedDocument {
  /** Of the document in its read model. */
  @Text({ max: 1_000 }) id: string;
  @JsonRecord() document: JsonObject;
}

/** The read model that the path names. */
const ReadModelName = () => requestParameter((request) => (request.params as { name: string }).name);

/** Read models as they were. */
@Controller('api/v1/read-models')
export class ReadModelsController {
  constructor(
    private readonly asOf: AsOf,
    private readonly unsealing: Unsealing,
  ) {}

  @Post(':name/as-of')
  @CommandEndpoint({
    summary: 'Make a read model as it was at a past moment',
    description: 'When the operation is done its result says where the copy is queried, and when it expires.',
    answer: OperationDetails,
    starts: OPERATION_URL,
    errors: ['read-model-not-found', 'too-many-copies'],
  })
  async request(@ReadModelName() name: string, @JsonBody() given: AsOfMoment): Promise<OperationDetails> {
    const { expiresInSeconds = HOUR, ...moment } = given;
    if ((moment.position === undefined) === (moment.at === undefined)) {
      throw new InvalidInput([{ pointer: '', detail: 'Must say either position or at.' }]);
    }
    return represent(await this.asOf.request(name, moment, expiresInSeconds));
  }

  @Get(':name/as-of/:operationId')
  @QueryEndpoint({
    summary: 'Query a read model as it was',
    paged: true,
    answer: CopiedDocument,
    errors: ['copy-not-found', 'copy-not-ready', 'invalid-where-clause', 'invalid-cursor'],
  })
  async query(
    @Parameters() { name, operationId, where, sort, fields, limit, cursor }: CopyParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<CopiedDocument>> {
    const { items, next } = await this.asOf.query(name, operationId, {
      limit,
      ...(where && { filter: where }),
      ...(sort !== undefined && { sort: sortOf(sort) }),
      ...(fields !== undefined && { fields: fields.split(',') }),
      ...(cursor !== undefined && { cursor }),
    });
    const documents = await this.unsealing.answers(
      tenant,
      items.map(({ document }) => document),
    );
    return { items: items.map(({ id }, i) => ({ id, document: documents[i]! })), ...(next !== undefined && { next }) };
  }
}

function sortOf(text: string): Sort {
  return Object.fromEntries(text.split(',').map((part) => [part.replace(/^-/, ''), part.startsWith('-') ? -1 : 1]));
}
