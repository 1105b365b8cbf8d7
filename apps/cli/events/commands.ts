import { InvalidArgumentError } from 'commander';
import { Command, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { printJson, printLine, styled } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';

/** An event as the API lists it. */
interface Entry {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly revision: number;
  readonly position: string;
  readonly stream: string;
  readonly occurredAt: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly reason?: string;
}

/** An event, or only a position. */
type Message = Partial<Entry> & Pick<Entry, 'position'>;

interface TailOptions extends ApiOptions {
  readonly from?: string;
  readonly objectType?: string;
  readonly type?: readonly string[];
}

@SubCommand({ name: 'tail', description: 'follow events as they are stored, until Ctrl-C (exit code 130)' })
export class EventsTailCommand extends ApiCommand {
  @Option({ flags: '--from <position>', description: 'begin after this position (0: the beginning; default: now)' })
  from(position: string): string {
    if (/^\d{1,20}$/.test(position)) return position;
    throw new InvalidArgumentError('Write a position: the first number of a line, or 0.');
  }

  @Option({ flags: '--object-type <type>', description: 'only events of objects of this type, such as Order' })
  objectType(type: string): string {
    return type;
  }

  @Option({ flags: '--type <type>', description: 'only events of this type, such as Order.placed; may be repeated' })
  type(type: string, before: string[] = []): string[] {
    return [...before, type];
  }

  override async run(_: string[], options: TailOptions): Promise<void> {
    const { from, objectType, type: types, json } = options;
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    let last = from;
    await this.withApi(options, async (api) => {
      const query = { cursor: from, objectType, types };
      for await (const entry of api.messages<Message>('/api/v1/events/live', query, stop.signal)) {
        last = entry.position;
        // What tells only how far the server has looked has no type.
        if (entry.type === undefined) continue;
        if (json) printJson(entry);
        else printLine(lineOf(entry as Entry));
      }
    });
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else throw new CommandFailed(`The server has ended. Go on afterwards with: --from ${last ?? 0}`);
  }
}

@SubCommand({ name: 'show', arguments: '<id>', description: 'show one event: who, when, why, because of what' })
export class EventsShowCommand extends ApiCommand {
  override async run([id]: string[], options: ApiOptions): Promise<void> {
    const entry = await this.withApi(options, (api) => api.get<Entry>(`/api/v1/events/${encodeURIComponent(id!)}`));
    if (options.json) return printJson(entry);
    for (const [name, value] of Object.entries(entry)) {
      const text = typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
      printLine(`${styled('bold', name.padEnd(14))} ${text.replaceAll('\n', `\n${' '.repeat(15)}`)}`);
    }
  }
}

@Command({
  name: 'events',
  description: 'follow events as they are stored, or show one',
  subCommands: [EventsTailCommand, EventsShowCommand],
})
export class EventsCommand extends CommandGroup {}

function lineOf({ position, occurredAt, stream, revision, type, actor, reason, data }: Entry): string {
  const who = `${actor.type}:${actor.id}${reason === undefined ? '' : ` (${reason})`}`;
  return `${position.padStart(8)}  ${occurredAt}  ${styled('bold', type)}  ${stream}@${revision}  ${who}  ${JSON.stringify(data)}`;
}
