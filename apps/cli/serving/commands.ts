import { Command, Option } from 'nest-commander';
import { PerdureCommand } from '../perdure-command.js';

@Command({ name: 'start', description: 'serve the API until it is stopped' })
export class StartCommand extends PerdureCommand {
  override async run(): Promise<void> {
    await (await import('./start.js')).start();
  }
}

@Command({ name: 'worker', description: 'project and do jobs behind APIs that run with PERDURE_WORKER=apart' })
export class WorkerCommand extends PerdureCommand {
  override async run(): Promise<void> {
    await (await import('./start.js')).startWorker();
  }
}

@Command({ name: 'demo', description: 'serve the API and play a short sample through it' })
export class DemoCommand extends PerdureCommand {
  @Option({ flags: '--once', description: 'end after the sample' })
  once(): boolean {
    return true;
  }

  override async run(_: string[], { once = false }: { once?: boolean }): Promise<void> {
    await (await import('./demo/demo.js')).demo({ once });
  }
}
