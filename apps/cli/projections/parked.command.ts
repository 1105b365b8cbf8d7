import { Option, SubCommand } from 'nest-commander';
import type { Api } from '../api/api.js';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandFailed, UsageError } from '../exit-codes.js';
import { printJson, printLine, printTable } from '../output/print.js';

interface Parked {
  readonly id: string;
  readonly projection: string;
  readonly key?: string;
  readonly event: { readonly id: string; readonly type: string; readonly stream: string };
  readonly error: { readonly message: string };
  readonly parkedAt: string;
  readonly waiting: { readonly count: number };
}

/** What was parked for the same cause, in the same code. */
interface Group {
  readonly projection: string;
  readonly cause: string;
  readonly version: string;
  readonly message: string;
  readonly keys: number;
  readonly events: number;
  readonly first: string;
}

interface ParkedOptions extends ApiOptions {
  readonly projection?: string;
  readonly cause?: string;
  readonly groups?: boolean;
  readonly replay?: string;
  readonly skip?: string;
  readonly reason?: string;
}

const PATH = '/api/v1/parked-events';

@SubCommand({
  name: 'parked',
  description: 'list keys that wait behind an event that failed, replay or skip the event',
})
export class ProjectionsParkedCommand extends ApiCommand {
  @Option({ flags: '--projection <name>', description: 'only those of one projection' })
  projection(name: string): string {
    return name;
  }

  @Option({ flags: '--cause <fingerprint>', description: 'only those of one cause, as --groups has it' })
  cause(fingerprint: string): string {
    return fingerprint;
  }

  @Option({ flags: '--groups', description: 'grouped by projection, cause and version of the code' })
  groups(): boolean {
    return true;
  }

  @Option({
    flags: '--replay <id>',
    description: "try again from the event that failed; 'all' for all, or all of --projection and --cause",
  })
  replay(id: string): string {
    return id;
  }

  @Option({ flags: '--skip <id>', description: 'leave the event out for good; goes with --reason' })
  skip(id: string): string {
    return id;
  }

  @Option({ flags: '--reason <text>', description: 'why it is skipped, kept with the event' })
  reason(text: string): string {
    return text;
  }

  override async run(_: string[], options: ParkedOptions): Promise<void> {
    const { replay, skip, reason } = options;
    if (replay !== undefined && skip !== undefined) throw new UsageError('Either --replay or --skip: not both.');
    if (skip !== undefined && reason === undefined) throw new UsageError('Say why it is skipped: --reason <text>.');
    await this.withApi(options, async (api) => {
      if (skip !== undefined) {
        printOutcomes(
          [await api.post<Outcome>(`${PATH}/${encodeURIComponent(skip)}/skip`, { reason: reason! })],
          options,
        );
      } else if (replay === 'all') {
        const { projection, cause } = options;
        const some = { ...(projection !== undefined && { projection }), ...(cause !== undefined && { cause }) };
        const which = Object.keys(some).length > 0 ? some : { all: true };
        printOutcomes((await api.post<{ items: Outcome[] }>(`${PATH}/replays`, which)).items, options);
      } else if (replay !== undefined) {
        printOutcomes([await api.post<Outcome>(`${PATH}/${encodeURIComponent(replay)}/replay`)], options);
      } else if (options.groups) await listGroups(api, options);
      else await list(api, options);
    });
  }
}

/** What became of something that was tried again or skipped. */
interface Outcome {
  readonly id: string;
  readonly outcome: string;
  readonly error?: string;
}

/** Rejects with CommandFailed where something of it still fails. */
function printOutcomes(outcomes: readonly Outcome[], { json }: ParkedOptions): void {
  if (json) outcomes.forEach(printJson);
  else if (outcomes.length === 0) printLine('Nothing is parked.');
  else
    printTable(
      ['id', 'outcome', 'why'],
      outcomes.map(({ id, outcome, error = '' }) => [id, outcome, error]),
    );
  const failing = outcomes.filter(({ outcome }) => outcome === 'still-failing').length;
  if (failing > 0)
    throw new CommandFailed(`${failing} of ${outcomes.length} still fail: mend what they fail for first.`);
}

async function listGroups(api: Api, { projection, cause, json }: ParkedOptions): Promise<void> {
  const { items } = await api.get<{ items: Group[] }>(`${PATH}/groups`, { projection, cause });
  if (json) return items.forEach(printJson);
  if (items.length === 0) return printLine('Nothing is parked.');
  const rows = items.map(({ projection, cause, version, keys, events, first, message }) => {
    return [projection, cause, version, keys, events, first, message];
  });
  printTable(['projection', 'cause', 'version', 'keys', 'events', 'since', 'why'], rows);
}

async function list(api: Api, { projection, cause, json }: ParkedOptions): Promise<void> {
  const rows: (string | number)[][] = [];
  for await (const parked of api.items<Parked>(PATH, { projection, cause })) {
    if (json) printJson(parked);
    const { id, event, error, parkedAt, waiting } = parked;
    rows.push([id, event.type, event.stream, parkedAt, waiting.count, error.message]);
  }
  if (json) return;
  if (rows.length === 0) return printLine('Nothing is parked.');
  printTable(['id', 'event', 'stream', 'since', 'waiting behind', 'why'], rows);
}
