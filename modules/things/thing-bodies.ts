import { InvalidInput } from '#kernel/errors';
import type { Json } from '#kernel/json';
import { isObjectId } from '#platform/event-store/stream-name';
import type { CreateThing, ReplaceThing, UpdateThing } from './thing.commands.js';
import { ownData } from './thing-representation.js';

/** Takes `$id` out of the data. */
export function asCreated(command: CreateThing): CreateThing {
  const { $id } = command.data;
  if ($id !== undefined) command.id = idOf($id);
  command.data = ownData(command.data, { noun: command.noun });
  return command;
}

export function asReplaced(command: ReplaceThing): ReplaceThing {
  command.data = ownData(command.data, command);
  return command;
}

export function asUpdated(command: UpdateThing): UpdateThing {
  command.patch = ownData(command.patch, command);
  return command;
}

function idOf(id: Json): string {
  if (isObjectId(id)) return id;
  throw new InvalidInput([{ pointer: '/$id', detail: 'Must be an id: 1 to 200 printable characters.' }]);
}
