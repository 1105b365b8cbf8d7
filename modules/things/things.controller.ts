import { Controller, Delete, Patch, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Answer } from '#platform/dispatch/envelope';
import { CommandEndpoint } from '#platform/http/endpoint';
import { Command } from '#platform/http/input';
import {
  ActOnThing,
  CreateThing,
  DeleteThing,
  ReplaceThing,
  RestoreThing,
  SoftDeleteThing,
  UpdateThing,
} from './thing.commands.js';
import { asCreated, asReplaced, asUpdated } from './thing-bodies.js';

const DATA_ERRORS = ['invalid-thing', 'thing-too-large'];
const CHANGE_ERRORS = ['thing-not-found', 'thing-soft-deleted', ...DATA_ERRORS];

/** What can be done to a thing. Reading is in the queries' controller. */
@Controller('api/v1/things/:noun')
export class ThingsController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @CommandEndpoint({
    summary: 'Create a thing',
    description: 'The body is its data. `$id` says which id it shall have; without it, it gets a new one.',
    creates: '/api/v1/things/:noun/:id',
    errors: ['thing-exists', ...DATA_ERRORS, 'reserved-noun'],
  })
  create(@Command({ body: 'data' }) command: CreateThing): Promise<Answer> {
    return this.commands.execute(asCreated(command));
  }

  @Patch(':id')
  @CommandEndpoint({
    summary: 'Update a thing by a merge patch',
    description: 'RFC 7396: members replace members, null removes them.',
    consumes: ['application/json', 'application/merge-patch+json'],
    errors: CHANGE_ERRORS,
  })
  update(@Command({ body: 'patch' }) command: UpdateThing): Promise<Answer> {
    return this.commands.execute(asUpdated(command));
  }

  @Put(':id')
  @CommandEndpoint({ summary: 'Replace the data of a thing', errors: CHANGE_ERRORS })
  replace(@Command({ body: 'data' }) command: ReplaceThing): Promise<Answer> {
    return this.commands.execute(asReplaced(command));
  }

  @Delete(':id')
  @CommandEndpoint({
    summary: 'Delete a thing',
    description: 'Its history stays, and its id may be used again.',
    errors: ['thing-not-found'],
  })
  remove(@Command() command: DeleteThing): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Post(':id/soft-delete')
  @CommandEndpoint({ summary: 'Hide a thing from lists until it is restored', errors: ['thing-not-found'] })
  softDelete(@Command() command: SoftDeleteThing): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Post(':id/restore')
  @CommandEndpoint({ summary: 'Restore a soft-deleted thing', errors: ['thing-not-found'] })
  restore(@Command() command: RestoreThing): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Post(':id/verbs/:verb')
  @CommandEndpoint({
    summary: 'Record that something was done: the event {noun}.{verb}',
    description:
      '`data` belongs to the event; `set` is a merge patch of the thing; with `create` the thing begins with it where it does not exist.',
    creates: '/api/v1/things/:noun/:id',
    errors: [...CHANGE_ERRORS, 'reserved-verb', 'reserved-noun'],
  })
  act(@Command() command: ActOnThing): Promise<Answer> {
    return this.commands.execute(command);
  }
}
