import { Option, SubCommand } from 'nest-commander';
import type { JsonObject } from '#kernel/json';
import type { Api } from '../api/api.js';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { UsageError } from '../exit-codes.js';
import { printJson, printLine, printTable } from '../output/print.js';

interface Parked {
  readonly id: string;
  readonly projection: string;
  readonly key: string | null;
  readonly event: { readonly id: string; readonly type: string; readonly stream: string };
  readonly error: { readonly message: string };
  readonly parkedAt: string;
  readonly waiting: { readonly count: number };
}

interface ParkedOptions extends ApiOptions {
  readonly projection?: string;
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

  @Option({ flags: '--replay <id>', description: "try again from the event that failed; 'all' for all of them" })
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
      if (skip !== undefined)
        return printJson(await api.post(`${PATH}/${encodeURIComponent(skip)}/skip`, { reason: reason! }));
      if (replay === undefined) return list(api, options);
      const { projection } = options;
      const all: JsonObject = projection === undefined ? { all: true } : { projection };
      const outcome =
        replay === 'all' ? api.post(`${PATH}/replays`, all) : api.post(`${PATH}/${encodeURIComponent(replay)}/replay`);
      printJson(await outcome);
    });
  }
}

async function list(api: Api, { projection, json }: ParkedOptions): Promise<void> {
  const rows: (string | number)[][] = [];
  for await (const parked of api.items<Parked>(PATH, { projection })) {
    if (json) printJson(parked);
    const { id, event, error, parkedAt, waiting } = parked;
    rows.push([id, event.type, event.stream, parkedAt, waiting.count, error.message]);
  }
  if (json) return;
  if (rows.length === 0) return printLine('Nothing is parked.');
  printTable(['id', 'event', 'stream', 'since', 'waiting behind', 'why'], rows);
}
