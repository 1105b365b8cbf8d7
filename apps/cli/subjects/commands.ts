import { Command, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';

/** Whose personal data is stored, as the API tells of it. */
interface Subject {
  readonly id: string;
  readonly status: 'active' | 'erased';
  readonly erasures: readonly {
    readonly at: string;
    readonly actor: { readonly type: string; readonly id: string };
    readonly reason?: string;
    readonly where: readonly { readonly place: string; readonly outcome: string; readonly detail: string }[];
  }[];
}

@SubCommand({
  name: 'show',
  arguments: '<id>',
  description: 'show whether personal data of somebody can be read, and what was erased',
})
export class SubjectsShowCommand extends ApiCommand {
  override async run([id]: string[], options: ApiOptions): Promise<void> {
    const subject = await this.withApi(options, (api) => api.get<Subject>(pathOf(id!)));
    if (options.json) printJson(subject);
    else printSubject(subject);
  }
}

@SubCommand({
  name: 'erase',
  arguments: '<id>',
  description: 'erase the personal data of somebody, everywhere and for ever: nothing brings it back',
})
export class SubjectsEraseCommand extends ApiCommand {
  @Option({ flags: '--reason <text>', description: 'why, recorded with the erasure', required: true })
  reason(text: string): string {
    return text;
  }

  override async run([id]: string[], options: ApiOptions & { readonly reason: string }): Promise<void> {
    const subject = await this.withApi(options, (api) => api.delete<Subject>(pathOf(id!), options.reason));
    if (options.json) printJson(subject);
    else printSubject(subject);
  }
}

@Command({
  name: 'subjects',
  description: 'show whose personal data is stored, and erase it',
  subCommands: [SubjectsShowCommand, SubjectsEraseCommand],
})
export class SubjectsCommand extends CommandGroup {}

function printSubject({ id, status, erasures }: Subject): void {
  printLine(`${id}: ${status}`);
  for (const { at, actor, reason, where } of erasures) {
    printLine();
    printLine(`Erased at ${at} by ${actor.type}:${actor.id}${reason === undefined ? '' : `: ${reason}`}`);
    const rows = where.map(({ place, outcome, detail }) => [place, outcome, detail]);
    printTable(['where', 'what became of it', 'in words'], rows);
  }
}

function pathOf(id: string): string {
  return `/api/v1/subjects/${encodeURIComponent(id)}`;
}
