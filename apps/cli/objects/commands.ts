import { Command, Option, SubCommand } from 'nest-commander';
import type { Json } from '#kernel/json';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { wholeNumber } from '../option-values.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';

interface MomentOptions extends ApiOptions {
  readonly revision?: number;
  readonly at?: string;
  readonly clock?: string;
}

/** A command on an object as it is, or as it was at a revision or a time. */
abstract class AtMomentCommand extends ApiCommand {
  @Option({ flags: '--revision <n>', description: 'as it was when this was its last revision' })
  revision(revision: string): number {
    return wholeNumber(revision, 0, Number.MAX_SAFE_INTEGER);
  }

  @Option({ flags: '--at <time>', description: 'as it was at this time, ISO 8601' })
  at(time: string): string {
    return time;
  }

  @Option({
    flags: '--clock <clock>',
    description: 'which time: recorded (default) or occurred',
    choices: ['recorded', 'occurred'],
  })
  clock(clock: string): string {
    return clock;
  }
}

@SubCommand({ name: 'show', arguments: '<type> <id>', description: 'show an object as it is, or was' })
export class ObjectsShowCommand extends AtMomentCommand {
  override async run([type, id]: string[], options: MomentOptions): Promise<void> {
    const { revision, at, clock, json } = options;
    const view = await this.withApi(options, (api) => api.get(pathOf(type!, id!), { revision, at, clock }));
    if (json) printJson(view);
    else printLine(JSON.stringify(view, null, 2));
  }
}

interface Entry {
  readonly revision: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly reason?: string;
  readonly data: Json;
}

interface HistoryOptions extends ApiOptions {
  readonly limit: number;
  readonly order?: string;
  readonly type?: readonly string[];
  readonly actor?: string;
  readonly stored?: boolean;
}

@SubCommand({
  name: 'history',
  arguments: '<type> <id>',
  description: 'list what happened to an object, and who did it',
})
export class ObjectsHistoryCommand extends ApiCommand {
  @Option({ flags: '--limit <n>', description: 'at most so many events', defaultValue: 100 })
  limit(count: string): number {
    return wholeNumber(count, 1, 1_000_000_000);
  }

  @Option({ flags: '--order <order>', description: 'oldest first or newest first', choices: ['asc', 'desc'] })
  order(order: string): string {
    return order;
  }

  @Option({ flags: '--type <type>', description: 'only events of this type; may be repeated' })
  type(type: string, before: string[] = []): string[] {
    return [...before, type];
  }

  @Option({ flags: '--actor <actor>', description: 'only what this actor did: its id, or type:id' })
  actor(actor: string): string {
    return actor;
  }

  @Option({ flags: '--stored', description: 'as the events were written, whatever upcasters make of them' })
  stored(): boolean {
    return true;
  }

  override async run([type, id]: string[], options: HistoryOptions): Promise<void> {
    const { limit, order, type: types, actor, stored, json } = options;
    await this.withApi(options, async (api) => {
      const rows: string[][] = [];
      const query = { order, types, actor, stored };
      for await (const entry of api.items<Entry>(`${pathOf(type!, id!)}/history`, query, limit)) {
        if (json) printJson(entry);
        else rows.push(rowOf(entry));
      }
      if (!json) printTable(['revision', 'when', 'what', 'who', 'why', 'data'], rows);
    });
  }
}

/** A field, and the event that set it; where it was so from the beginning, none did. */
interface Field {
  readonly pointer: string;
  readonly kind?: 'added' | 'removed' | 'replaced';
  readonly before?: Json;
  readonly after?: Json;
  readonly value?: Json;
  readonly event?: Omit<Entry, 'data'>;
}

interface Fields {
  readonly fields: readonly Field[];
}

interface DiffOptions extends ApiOptions {
  readonly from: string;
  readonly to?: string;
  readonly clock?: string;
}

@SubCommand({
  name: 'diff',
  arguments: '<type> <id>',
  description: 'show what changed between two moments, and who changed it',
})
export class ObjectsDiffCommand extends ApiCommand {
  @Option({ flags: '--from <moment>', description: 'a revision or a time', required: true })
  from(moment: string): string {
    return moment;
  }

  @Option({ flags: '--to <moment>', description: 'a revision or a time (default: now)' })
  to(moment: string): string {
    return moment;
  }

  @Option({
    flags: '--clock <clock>',
    description: 'which time: recorded (default) or occurred',
    choices: ['recorded', 'occurred'],
  })
  clock(clock: string): string {
    return clock;
  }

  override async run([type, id]: string[], options: DiffOptions): Promise<void> {
    const { from, to, clock, json } = options;
    const diff = await this.withApi(options, (api) =>
      api.get<Fields>(`${pathOf(type!, id!)}/diff`, { from, to, clock }),
    );
    if (json) return printJson(diff);
    const rows = diff.fields.map((field) => [
      field.pointer || '(all)',
      shown(field.before),
      shown(field.after),
      ...doingOf(field),
    ]);
    printTable(['field', 'before', 'after', ...DOING], rows);
  }
}

@SubCommand({
  name: 'blame',
  arguments: '<type> <id>',
  description: 'show which event last set each field of an object',
})
export class ObjectsBlameCommand extends AtMomentCommand {
  override async run([type, id]: string[], options: MomentOptions): Promise<void> {
    const { revision, at, clock, json } = options;
    const blame = await this.withApi(options, (api) =>
      api.get<Fields>(`${pathOf(type!, id!)}/blame`, { revision, at, clock }),
    );
    if (json) return printJson(blame);
    const rows = blame.fields.map((field) => [field.pointer || '(all)', shown(field.value), ...doingOf(field)]);
    printTable(['field', 'value', ...DOING], rows);
  }
}

@Command({
  name: 'objects',
  description: 'show an object as it is or was, what happened to it, and who did it',
  subCommands: [ObjectsShowCommand, ObjectsHistoryCommand, ObjectsDiffCommand, ObjectsBlameCommand],
})
export class ObjectsCommand extends CommandGroup {}

const DOING = ['event', 'revision', 'when', 'who', 'why'];

function doingOf({ event }: Field): string[] {
  if (!event) return ['', '', '', '', ''];
  const { type, revision, occurredAt, actor, reason = '' } = event;
  return [type, String(revision), occurredAt, whoOf(actor), reason];
}

function rowOf({ revision, occurredAt, type, actor, reason = '', data }: Entry): string[] {
  return [String(revision), occurredAt, type, whoOf(actor), reason, shown(data)];
}

function whoOf({ type, id }: Entry['actor']): string {
  return `${type}:${id}`;
}

/** A value in a cell of a table. */
function shown(value: Json | undefined): string {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function pathOf(type: string, id: string): string {
  return `/api/v1/objects/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
}
