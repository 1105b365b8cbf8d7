import { Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Command } from '#kernel/command';
import { InvalidInput } from '#kernel/errors';
import { comparePositions, type Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { type Answer, enclose, type Envelope } from '#platform/dispatch/envelope';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { CommandEndpoint } from '#platform/http/endpoint';
import { envelopeOf } from '#platform/http/envelope-of';
import { JsonBody } from '#platform/http/input';
import { problemOf } from '#platform/http/problem';
import { Batch, type BatchedCommand, BatchResults, type BatchResult } from './batch.js';
import { Lanes } from './lanes.js';
import { namedCommand } from './named-command.js';

/** Many commands in one request, for those who bring a lot: imports, migrations, synchronisation. */
@Controller('api/v1/batches')
export class BatchesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly registry: ObjectRegistry,
  ) {}

  @Post()
  @CommandEndpoint({
    summary: 'Carry out many commands',
    description:
      'Each is carried out or refused by itself; the results stand in the order of the commands. Commands to one object are carried out in order, others side by side. When one of them is refused for now (status 409 request-in-flight, 429 or 503), those behind it to the same object get the same answer, so that they can be sent again in order. The headers hold for all commands that do not say otherwise.',
    batch: true,
    answer: BatchResults,
  })
  async carryOut(
    @JsonBody() batch: Batch,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchResults> {
    const lanes = new Lanes();
    const shared = envelopeOf(request);
    const results = batch.commands.map((item, index) => {
      const command = this.#commandOf(item, index, shared);
      if (command instanceof InvalidInput) return Promise.resolve(refused(command, request));
      return lanes.run(this.#objectOf(command), () =>
        this.commands.execute<Command, Answer>(command).then(done, (error: unknown) => refused(error, request)),
      );
    });
    const answers = await Promise.all(results);
    const last = lastPosition(answers);
    if (last !== undefined) reply.header('perdure-position', last);
    return { results: answers };
  }

  #commandOf(item: BatchedCommand, index: number, shared: Envelope): Command | InvalidInput {
    try {
      return enclose(namedCommand(this.registry, item, `/commands/${index}`), envelopeIn(shared, item, index));
    } catch (error) {
      if (error instanceof InvalidInput) return error;
      throw error;
    }
  }

  /** The object whose commands keep their order, where the command names one. */
  #objectOf(command: Command): string | undefined {
    const { type, id } = this.registry.deciderOf(command).addressOf(command);
    return id === undefined ? undefined : `${type} ${id}`;
  }
}

/** What the batch's headers say, and the item more precisely. A key of the batch stands for one of each item. */
function envelopeIn(shared: Envelope, { idempotencyKey, occurredAt, reason }: BatchedCommand, index: number): Envelope {
  const key = shared.idempotencyKey === undefined ? undefined : `${shared.idempotencyKey}/${index}`;
  return {
    ...shared,
    expected: undefined,
    idempotencyKey: idempotencyKey ?? key,
    reason: reason ?? shared.reason,
    occurredAt: occurredAt === undefined ? shared.occurredAt : new Date(occurredAt).toISOString(),
  };
}

/** Whoever waits for this place waits for all commands of the batch. */
function lastPosition(results: readonly BatchResult[]): Position | undefined {
  const positions = results.flatMap(({ position }) => position ?? []);
  return positions.reduce<Position | undefined>(
    (last, each) => (last !== undefined && comparePositions(last, each) > 0 ? last : each),
    undefined,
  );
}

function done({ created, ...answer }: Answer): BatchResult {
  return { status: created ? 201 : 200, ...answer };
}

function refused(error: unknown, request: FastifyRequest): BatchResult {
  const { problem, unforeseen } = problemOf(error, request);
  if (unforeseen) request.log.error({ err: error }, 'A command of a batch failed for a reason that was not foreseen.');
  return { status: problem.status, problem: problem as unknown as JsonObject };
}
