import type { Readable } from 'node:stream';
import { Controller, Get, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { JsonObject } from '#kernel/json';
import { Decimal, Id, Integer, JsonRecord, OneOf, Optional, Text, Timestamp } from '../commands/fields.js';
import { CommandEndpoint, QueryEndpoint } from '../http/endpoint.js';
import { EventStreams, type StreamMessage } from '../http/event-streams.js';
import { Parameters } from '../http/input.js';
import { PageParameters, type PageOf } from '../http/paging.js';
import { hasEnded, OPERATION_STATES, type Operation, type OperationState } from './operation.js';
import { Operations } from './operations.js';

/** Where an operation is told of. */
export const OPERATION_URL = '/api/v1/operations/:id';

export class OperationParameters {
  @Id() id: string;
}

export class OperationListParameters extends PageParameters {
  @Optional(OneOf(OPERATION_STATES, 'OperationState')) state?: OperationState;
  /** What kind of work, such as rebuild or as-of. */
  @Optional(Text({ max: 100 })) kind?: string;
}

/** Long work, and how it is going. What is not known yet, or no longer matters, is left out. */
export class OperationDetails {
  @Id() id: string;
  @Text() kind: string;
  @JsonRecord() request: JsonObject;
  /** Of these, `done`, `failed` and `cancelled` are ends. */
  @OneOf(OPERATION_STATES, 'OperationState') state: OperationState;
  /** Units of work that are done, such as events. */
  @Integer({ min: 0 }) done: number;
  /** How many there are; an estimate until it has ended. */
  @Optional(Integer({ min: 0 })) total?: number;
  /** Units a second. */
  @Optional(Decimal({ min: 0 })) rate?: number;
  @Optional(Integer({ min: 0 })) secondsLeft?: number;
  @Timestamp() requestedAt: string;
  @Optional(Timestamp()) startedAt?: string;
  @Optional(Timestamp()) endedAt?: string;
  @Optional(JsonRecord()) result?: JsonObject;
  /** Why it failed; while it runs, what it waits to be over. */
  @Optional(Text({ max: 10_000 })) error?: string;
}

/** As clients see it. */
export function represent(operation: Operation): OperationDetails {
  const known = Object.entries(operation).filter(([, value]) => value !== null);
  return Object.fromEntries(known) as unknown as OperationDetails;
}

/** Long work: what answers with 202 goes on here. */
@Controller('api/v1/operations')
export class OperationsController {
  constructor(
    private readonly operations: Operations,
    private readonly streams: EventStreams,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List long work, the newest first',
    paged: true,
    answer: OperationDetails,
    errors: ['invalid-cursor'],
  })
  async list(@Parameters() { limit, cursor, state, kind }: OperationListParameters): Promise<PageOf<OperationDetails>> {
    const filter = { ...(state !== undefined && { state }), ...(kind !== undefined && { kind }) };
    const page = await this.operations.list(limit, cursor, filter);
    return { ...page, items: page.items.map(represent) };
  }

  @Get(':id')
  @QueryEndpoint({ summary: 'Look how long work is going', answer: OperationDetails, errors: ['operation-not-found'] })
  async get(@Parameters() { id }: OperationParameters): Promise<OperationDetails> {
    return represent(await this.operations.get(id));
  }

  @Get(':id/progress')
  @QueryEndpoint({
    summary: 'Follow long work (server-sent events)',
    description: 'Messages are `progress`; the last one is `end`, with the operation as it has ended.',
    answer: { type: 'string' },
    produces: 'text/event-stream',
    errors: ['operation-not-found'],
  })
  async progress(
    @Parameters() { id }: OperationParameters,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    await this.operations.get(id);
    return this.streams.answer(reply, (signal) => messagesOf(this.operations.progress(id, signal)));
  }

  @Post(':id/cancel')
  @CommandEndpoint({
    summary: 'Stop long work',
    description: 'It stops in a moment. What is done of it is kept, so that it can be resumed.',
    answer: OperationDetails,
    starts: OPERATION_URL,
    errors: ['operation-not-found', 'operation-ended'],
  })
  async cancel(@Parameters() { id }: OperationParameters): Promise<OperationDetails> {
    return represent(await this.operations.cancel(id));
  }

  @Post(':id/resume')
  @CommandEndpoint({
    summary: 'Let long work go on that was cancelled or has failed',
    answer: OperationDetails,
    starts: OPERATION_URL,
    errors: ['operation-not-found', 'operation-not-stopped'],
  })
  async resume(@Parameters() { id }: OperationParameters): Promise<OperationDetails> {
    return represent(await this.operations.resume(id));
  }
}

async function* messagesOf(progress: AsyncIterable<Operation>): AsyncGenerator<StreamMessage> {
  for await (const operation of progress) {
    yield { event: hasEnded(operation) ? 'end' : 'progress', data: represent(operation) };
  }
}
