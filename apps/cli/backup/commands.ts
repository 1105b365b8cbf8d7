import { rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { DomainError } from '#kernel/errors';
import { Command, Help, Option } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandFailed, UsageError } from '../exit-codes.js';
import { ProgressBar } from '../output/progress-bar.js';
import { printJson, printLine } from '../output/print.js';
import { PerdureCommand } from '../perdure-command.js';
import { archiveFile, writeArchiveFile } from './archive-file.js';

const BACKUP_HELP = `
The backup is a file of events, packed with gzip; it is read back before it gets its name. Read models are built anew from it.
Keys of personal data are not in it: what was erased stays erased. Back up the key database and the master key apart.

Examples:
  perdure backup monday.perdure
  perdure backup monday.perdure --data ./data`;

@Command({ name: 'backup', arguments: '<file>', description: 'write all events to a file, while the server goes on' })
export class BackupCommand extends ApiCommand {
  @Help('after')
  examples(): string {
    return BACKUP_HELP;
  }

  override async run([file]: string[], options: ApiOptions): Promise<void> {
    const { verifyArchive } = await import('#platform/copying/restore-archive');
    const unfinished = `${file}.part`;
    const progress = new ProgressBar(process.stderr, 'events read back');
    try {
      await this.withApi(options, (api) => writeArchiveFile(unfinished, api.lines('/api/v1/backup')));
      const end = await verifyArchive(archiveFile(unfinished), (events) => progress.show(events));
      progress.end(end.events);
      await rename(unfinished, file!);
      if (options.json) printJson({ file, ...end });
      else printLine(`${file}: ${end.events} events, Merkle root ${end.root}`);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error instanceof DomainError ? new CommandFailed(error.message) : error;
    }
  }
}

const RESTORE_HELP = `
The whole file is read and checked before the first event is restored. Start the server on the store only afterwards.

Examples:
  perdure restore monday.perdure --data ./restored
  perdure restore monday.perdure --verify-only
  perdure restore monday.perdure --store 'esdb://localhost:2113?tls=false'`;

interface RestoreOptions {
  readonly data?: string;
  readonly store?: string;
  readonly verifyOnly?: boolean;
  readonly json?: boolean;
}

@Command({ name: 'restore', arguments: '<file>', description: 'put the events of a backup into an empty store' })
export class RestoreCommand extends PerdureCommand {
  @Option({ flags: '--data <folder>', description: 'the folder of the store; it is made where it is not there' })
  data(folder: string): string {
    return folder;
  }

  @Option({ flags: '--store <url>', description: 'the store, where it is not in a folder' })
  store(url: string): string {
    return url;
  }

  @Option({ flags: '--verify-only', description: 'only check the file' })
  verifyOnly(): boolean {
    return true;
  }

  @Help('after')
  examples(): string {
    return RESTORE_HELP;
  }

  override async run([file]: string[], options: RestoreOptions): Promise<void> {
    const { restoreArchive, verifyArchive } = await import('#platform/copying/restore-archive');
    const target = options.store ?? (options.data && `sqlite:${options.data}/perdure.db`);
    if (!target && !options.verifyOnly) throw new UsageError('Say where to: --data <folder> or --store <url>.');
    if (!existsSync(file!)) throw new CommandFailed(`There is no file ${file}.`);
    try {
      let end = await verifyArchive(archiveFile(file!));
      if (target && !options.verifyOnly) {
        const progress = new ProgressBar(process.stderr, 'events restored');
        const { openEventStore } = await import('#platform/stores/open-stores');
        const store = await openEventStore(target);
        try {
          end = await restoreArchive(store, archiveFile(file!), (events) => progress.show(events));
        } finally {
          await store.close();
        }
        progress.end(end.events);
      }
      if (options.json) printJson({ file, ...end, restoredTo: options.verifyOnly ? null : target });
      else printLine(`${options.verifyOnly ? 'whole' : 'restored'}: ${end.events} events, Merkle root ${end.root}`);
    } catch (error) {
      throw error instanceof DomainError ? new CommandFailed(error.message) : error;
    }
  }
}
