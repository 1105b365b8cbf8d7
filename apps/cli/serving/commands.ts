import { Command, Option } from 'nest-commander';
import { PerdureCommand } from '../perdure-command.js';

interface ServingOptions {
  readonly json?: boolean;
}

@Command({ name: 'start', description: 'serve the API until it is stopped' })
export class StartCommand extends PerdureCommand {
  override async run(_: string[], { json = false }: ServingOptions): Promise<void> {
    await (await import('./start.js')).start({ json });
  }
}

@Command({ name: 'worker', description: 'project and do jobs behind APIs that run with PERDURE_WORKER=apart' })
export class WorkerCommand extends PerdureCommand {
  override async run(_: string[], { json = false }: ServingOptions): Promise<void> {
    await (await import('./start.js')).startWorker({ json });
  }
}

@Command({
  name: 'dev',
  description: 'serve the API for development: built and started anew whenever a source file changes',
})
export class DevCommand extends PerdureCommand {
  override async run(_: string[], { json = false }: ServingOptions): Promise<void> {
    await (await import('./dev.js')).dev({ json });
  }
}

@Command({ name: 'demo', description: 'serve the API and play a short sample through it' })
export class DemoCommand extends PerdureCommand {
  @Option({ flags: '--once', description: 'end after the sample' })
  once(): boolean {
    return true;
  }

  override async run(_: string[], { once = false, json = false }: ServingOptions & { once?: boolean }): Promise<void> {
    await (await import('./demo/demo.js')).demo({ once, json });
  }
}
