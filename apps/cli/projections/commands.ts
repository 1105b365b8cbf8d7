import { Command, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';
import { followOperation, type Operation } from './operation-progress.js';
import { ProjectionsParkedCommand } from './parked.command.js';

interface Status {
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly position: string;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly parkedKeys: number;
  readonly error?: string;
}

@SubCommand({ name: 'list', description: 'show how the projections are doing' })
export class ProjectionsListCommand extends ApiCommand {
  override async run(_: string[], options: ApiOptions): Promise<void> {
    const answer = await this.withApi(options, (api) => api.get<{ items: Status[] }>('/api/v1/projections'));
    if (options.json) return printJson(answer.items);
    const rows = answer.items.map(
      ({ name, version, state, position, lagEvents, lagSeconds, parkedKeys, error = '' }) => {
        return [name, version, state, position, lagEvents, lagSeconds, parkedKeys, error];
      },
    );
    printTable(
      ['projection', 'version', 'state', 'position', 'events behind', 'seconds behind', 'parked', 'error'],
      rows,
    );
  }
}

interface RebuildOptions extends ApiOptions {
  readonly wait: boolean;
}

@SubCommand({
  name: 'rebuild',
  arguments: '<names...>',
  description: 'build read models anew beside the live ones, several in one pass over the events',
})
export class ProjectionsRebuildCommand extends ApiCommand {
  @Option({ flags: '--no-wait', description: 'only start it; follow it at /api/v1/operations/{id}' })
  wait(): boolean {
    return false;
  }

  override async run(projections: string[], options: RebuildOptions): Promise<void> {
    await this.withApi(options, async (api) => {
      const begun = await api.post<Operation>('/api/v1/projections/rebuilds', { projections });
      const operation = options.wait ? await followOperation(api, begun) : begun;
      if (options.json) printJson(operation);
      else printLine(`${projections.join(', ')}: ${options.wait ? 'rebuilt' : `begun, operation ${operation.id}`}`);
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
