import { Command, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { wholeNumber } from '../option-values.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';
import { followOperation, type Operation } from './follow-operation.js';

/** An operation, of which not everything may be known. */
type Shown = Omit<Operation, 'total'> & { readonly total?: number | string };

interface ListOptions extends ApiOptions {
  readonly state?: string;
  readonly limit: number;
}

@SubCommand({ name: 'list', description: 'list long work, the newest first' })
export class OperationsListCommand extends ApiCommand {
  @Option({
    flags: '--state <state>',
    description: 'only in this state',
    choices: ['pending', 'running', 'done', 'failed', 'cancelled'],
  })
  state(state: string): string {
    return state;
  }

  @Option({ flags: '--limit <n>', description: 'at most so many', defaultValue: 100 })
  limit(count: string): number {
    return wholeNumber(count, 1, 1_000_000_000);
  }

  override async run(_: string[], options: ListOptions): Promise<void> {
    const { state, limit, json } = options;
    const rows: (string | number)[][] = [];
    await this.withApi(options, async (api) => {
      for await (const operation of api.items<Operation>('/api/v1/operations', { state }, limit)) {
        if (json) printJson(operation);
        else rows.push(rowOf(operation));
      }
    });
    if (json) return;
    if (rows.length === 0) printLine('No long work was asked for.');
    else printTable(['id', 'what', 'state', 'requested', 'done', 'of', 'error'], rows);
  }
}

@SubCommand({ name: 'show', arguments: '<id>', description: 'show how long work is going' })
export class OperationsShowCommand extends ApiCommand {
  override async run([id]: string[], options: ApiOptions): Promise<void> {
    const operation = await this.withApi(options, (api) => api.get<Operation>(pathOf(id!)));
    if (options.json) printJson(operation);
    else printLine(JSON.stringify(operation, null, 2));
  }
}

@SubCommand({ name: 'follow', arguments: '<id>', description: 'show the progress of long work until it ends' })
export class OperationsFollowCommand extends ApiCommand {
  override async run([id]: string[], options: ApiOptions): Promise<void> {
    await this.withApi(options, async (api) => {
      const operation = await followOperation(api, await api.get<Operation>(pathOf(id!)), options);
      if (options.json) printJson(operation);
      else printLine(`${id}: done`);
    });
  }
}

/** A wish that is heard at once and fulfilled in a moment. */
abstract class OperationWishCommand extends ApiCommand {
  protected abstract readonly wish: 'cancel' | 'resume';

  override async run([id]: string[], options: ApiOptions): Promise<void> {
    const operation = await this.withApi(options, (api) => api.post<Operation>(`${pathOf(id!)}/${this.wish}`));
    if (options.json) printJson(operation);
    else printLine(`${id}: ${this.wish === 'cancel' ? 'is being cancelled' : 'goes on'}`);
  }
}

@SubCommand({
  name: 'cancel',
  arguments: '<id>',
  description: 'stop long work; what is done of it is kept, to be resumed',
})
export class OperationsCancelCommand extends OperationWishCommand {
  protected readonly wish = 'cancel';
}

@SubCommand({ name: 'resume', arguments: '<id>', description: 'go on with what was cancelled or has failed' })
export class OperationsResumeCommand extends OperationWishCommand {
  protected readonly wish = 'resume';
}

@Command({
  name: 'operations',
  description: 'see, follow, cancel and resume long work',
  subCommands: [
    OperationsListCommand,
    OperationsShowCommand,
    OperationsFollowCommand,
    OperationsCancelCommand,
    OperationsResumeCommand,
  ],
})
export class OperationsCommand extends CommandGroup {}

function rowOf({ id, kind, state, requestedAt, done, total = '', error = '' }: Shown): (string | number)[] {
  return [id, kind, state, requestedAt, done, total, error];
}

function pathOf(id: string): string {
  return `/api/v1/operations/${encodeURIComponent(id)}`;
}
