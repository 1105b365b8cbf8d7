import type { Command } from '#kernel/command';
import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { pointerTo } from '#platform/commands/json-fields';
import { build } from '#platform/commands/validate';
import type { ObjectRegistry } from '#platform/dispatch/object-registry';

/** The command of this name with these fields, validated. Throws InvalidInput, with pointers below `at`. */
export function namedCommand(
  registry: ObjectRegistry,
  { command, fields }: { readonly command: string; readonly fields: JsonObject },
  at: string,
): Command {
  const type = registry.commandNamed(command);
  if (type) return build(type, fields, (field) => pointerTo(`${at}/fields`, field));
  const detail = `There is no command '${command}'. Known: ${registry.commandNames.join(', ')}.`;
  throw new InvalidInput([{ pointer: `${at}/command`, detail }]);
}
