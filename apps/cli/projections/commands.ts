import { Command, Help, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import type { Api } from '../api/api.js';
import { UsageError } from '../exit-codes.js';
import { followOperation, type Operation } from '../operations/follow-operation.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';
import { ProjectionsParkedCommand } from './parked.command.js';

/** How a projection is doing, as the API tells. */
interface Status {
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly paused: boolean;
  readonly position: string;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly parkedKeys: number;
  readonly error?: string;
  readonly rebuild?: string;
}

@SubCommand({ name: 'list', description: 'show how the projections are doing' })
export class ProjectionsListCommand extends ApiCommand {
  override async run(_: string[], options: ApiOptions): Promise<void> {
    const statuses = await this.withApi(options, statusesOf);
    if (options.json) return statuses.forEach(printJson);
    const rows = statuses.map((status) => {
      const { name, version, state, position, lagEvents, lagSeconds, parkedKeys, rebuild, error } = status;
      const more = error ?? (rebuild === undefined ? '' : `rebuilt by operation ${rebuild}`);
      return [name, version, state, position, lagEvents, Math.round(lagSeconds), parkedKeys, more];
    });
    printTable(['projection', 'version', 'state', 'position', 'events behind', 'seconds', 'parked', ''], rows);
  }
}

interface RebuildOptions extends ApiOptions {
  readonly all?: boolean;
  readonly wait: boolean;
}

const REBUILD_HELP = `
The old read model answers until the new one takes its place in one step. Ctrl-C ends the bar only: the server goes on.

Examples:
  perdure projections rebuild things
  perdure projections rebuild --all --no-wait`;

@SubCommand({
  name: 'rebuild',
  arguments: '[names...]',
  description: 'build read models anew beside the live ones, several in one pass over the events',
})
export class ProjectionsRebuildCommand extends ApiCommand {
  @Option({ flags: '--all', description: 'all projections' })
  all(): boolean {
    return true;
  }

  @Option({ flags: '--no-wait', description: 'only begin it; perdure operations follow shows how far it is' })
  wait(): boolean {
    return false;
  }

  @Help('after')
  examples(): string {
    return REBUILD_HELP;
  }

  override async run(names: string[], options: RebuildOptions): Promise<void> {
    const { all = false, wait, data, json } = options;
    if (all === names.length > 0) throw new UsageError('Name the projections, or say --all: perdure projections list');
    if (data !== undefined && !wait) throw new UsageError('--no-wait needs a server that goes on: leave out --data.');
    await this.withApi(options, async (api) => {
      const projections = all ? (await statusesOf(api)).map(({ name }) => name) : names;
      const begun = await api.post<Operation>('/api/v1/projections/rebuilds', { projections });
      const operation = wait ? await followOperation(api, begun, options) : begun;
      if (json) return printJson(operation);
      const words = wait ? 'rebuilt' : `begun; to follow it: perdure operations follow ${operation.id}`;
      printLine(`${projections.join(', ')}: ${words}`);
    });
  }
}

/** A command on one projection that has no more to say than that it is done. */
abstract class OneProjectionCommand extends ApiCommand {
  protected abstract readonly action: 'pause' | 'resume';

  override async run([name]: string[], options: ApiOptions): Promise<void> {
    const path = `/api/v1/projections/${encodeURIComponent(name!)}/${this.action}`;
    const status = await this.withApi(options, (api) => api.post<Status>(path));
    if (options.json) printJson(status);
    else printLine(`${name}: ${this.action === 'pause' ? 'paused' : 'resumed'}`);
  }
}

@SubCommand({ name: 'pause', arguments: '<name>', description: 'let a projection stand still, over restarts, too' })
export class ProjectionsPauseCommand extends OneProjectionCommand {
  protected readonly action = 'pause';
}

@SubCommand({ name: 'resume', arguments: '<name>', description: 'let a projection go on from where it stands' })
export class ProjectionsResumeCommand extends OneProjectionCommand {
  protected readonly action = 'resume';
}

@Command({
  name: 'projections',
  description: 'see, rebuild, pause and mend read models',
  subCommands: [
    ProjectionsListCommand,
    ProjectionsRebuildCommand,
    ProjectionsPauseCommand,
    ProjectionsResumeCommand,
    ProjectionsParkedCommand,
  ],
})
export class ProjectionsCommand extends CommandGroup {}

async function statusesOf(api: Api): Promise<Status[]> {
  return (await api.get<{ items: Status[] }>('/api/v1/projections')).items;
}
