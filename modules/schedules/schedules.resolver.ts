import { Inject } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { namedCommand } from '#platform/batches/named-command';
import { OneOf, Optional } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { Objects } from '#platform/dispatch/objects';
import { CommandMutation } from '#platform/graphql/command-mutation';
import {
  type Connection,
  connectionOf,
  pageComplexity,
  sized,
  toConnection,
  WindowArguments,
} from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { scheduleEdges } from '#read-models/schedules';
import { RequestSchedule, ScheduleId } from './schedule.commands.js';
import type { Schedule } from './schedule.js';
import { type ScheduleState, STATES, ScheduleView, viewOf, viewOfDocument } from './schedule-view.js';

const ScheduleType = objectTypeOf(
  ScheduleView,
  'Schedule',
  'A command that is carried out later, once or again and again.',
);
const ScheduleConnection = connectionOf(() => ScheduleType, 'Schedule');

class ScheduleArguments {
  @ScheduleId() id: string;
}

class SchedulesArguments extends WindowArguments {
  @Optional(OneOf(STATES, 'ScheduleState')) state?: ScheduleState;
}

/** Commands for later. */
@Resolver()
export class SchedulesResolver {
  constructor(
    private readonly commands: CommandBus,
    private readonly registry: ObjectRegistry,
    private readonly objects: Objects,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  @CommandMutation(RequestSchedule)
  requestSchedule(command: RequestSchedule): Promise<Answer> {
    // Refused now rather than when nobody looks.
    namedCommand(this.registry, command.command, '/input/command');
    return this.commands.execute(command);
  }

  @Query(() => ScheduleConnection, { ...pageComplexity, description: 'The schedules, by id.' })
  async schedules(
    @Arguments() { state, ...window }: SchedulesArguments,
    @Context() context: GraphqlContext,
  ): Promise<Connection<ScheduleView>> {
    await context.reads('schedules');
    const edges = await scheduleEdges(this.store, context.tenant, { state }, sized(window));
    return toConnection(edges, ({ document }) => viewOfDocument(document));
  }

  @Query(() => ScheduleType, {
    nullable: true,
    description: 'A schedule; null where there is none. Always up to date.',
  })
  async schedule(
    @Arguments() { id }: ScheduleArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ScheduleView | null> {
    const schedule = (await this.objects.load(tenant, { type: 'schedule', id })).state as Schedule;
    return schedule.status === 'absent' ? null : viewOf(id, schedule);
  }
}
