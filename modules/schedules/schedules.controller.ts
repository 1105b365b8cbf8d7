import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { OneOf, Optional } from '#platform/commands/fields';
import { namedCommand } from '#platform/batches/named-command';
import type { Answer } from '#platform/dispatch/envelope';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { Objects } from '#platform/dispatch/objects';
import { type Revised, revised } from '#platform/http/answers';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { listSchedules } from '#read-models/schedules';
import { CancelSchedule, RequestSchedule, ScheduleId } from './schedule.commands.js';
import { ScheduleNotFound } from './schedule.errors.js';
import type { Schedule } from './schedule.js';
import { type ScheduleState, STATES, ScheduleView, viewOf, viewOfDocument } from './schedule-view.js';

class ScheduleParameters {
  @ScheduleId() id: string;
}

class ScheduleListParameters extends PageParameters {
  @Optional(OneOf(STATES)) state?: ScheduleState;
}

/** Commands for later. */
@Controller('api/v1/schedules')
export class SchedulesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly registry: ObjectRegistry,
    private readonly objects: Objects,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  @Post()
  @CommandEndpoint({
    summary: 'Have a command carried out later, once or again and again',
    description:
      'As whoever asks for it, in the same tenant. `time` has one of `at`, `after`, `every` and `cron`. What cannot be done now is tried again up to `attempts` times; what is refused is not.',
    creates: '/api/v1/schedules/:id',
    errors: ['schedule-exists'],
  })
  request(@Command() command: RequestSchedule): Promise<Answer> {
    // Refused now rather than when nobody looks.
    namedCommand(this.registry, command.command, '/command');
    return this.commands.execute(command);
  }

  @Delete(':id')
  @CommandEndpoint({
    summary: 'Cancel a schedule',
    description: 'What is being carried out at this moment is not undone.',
    errors: ['schedule-not-found', 'schedule-completed'],
  })
  cancel(@Command() command: CancelSchedule): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Get()
  @QueryEndpoint({
    summary: 'List the schedules',
    description: 'What was just written follows within moments; `after` waits for it.',
    paged: true,
    answer: ScheduleView,
    reads: ['schedules'],
    errors: ['invalid-cursor'],
  })
  async list(@Parameters() query: ScheduleListParameters, @Tenant() tenant: string): Promise<PageOf<ScheduleView>> {
    const { items, next } = await listSchedules(this.store, tenant, query);
    return { items: items.map(({ document }) => viewOfDocument(document)), next };
  }

  @Get(':id')
  @QueryEndpoint({ summary: 'Get a schedule', revised: true, answer: ScheduleView, errors: ['schedule-not-found'] })
  async get(@Parameters() { id }: ScheduleParameters, @Tenant() tenant: string): Promise<Revised> {
    const { state, revision } = await this.objects.load(tenant, { type: 'schedule', id });
    const schedule = state as Schedule;
    if (schedule.status === 'absent') throw new ScheduleNotFound(id);
    return revised(viewOf(id, schedule), revision);
  }
}
