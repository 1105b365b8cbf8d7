import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { openJobs, type OpenJobsSettings } from '#platform/stores/open-jobs';
import { DeclaredJobs, type HandlerDeclaration } from './declared-jobs.js';
import type { JobSource } from './job-recovery.js';
import { type JobHandler, type JobRequest, JOBS, type Jobs } from './jobs.port.js';
import { RunningJobs, type RunningJobsOptions } from './running-jobs.js';

export interface JobsModuleOptions extends RunningJobsOptions {
  /** See `openJobs`. */
  readonly url: string;
  readonly settings?: OpenJobsSettings;
}

/** A source as it is declared in code, with what it needs injected. */
export interface SourceDeclaration {
  readonly inject?: readonly unknown[];
  readonly useFactory: (...injected: never[]) => JobSource;
}

/**
 * Jobs for the whole application: `JOBS` injects the port.
 *
 * @example
 * JobsModule.forRoot({ url: config.jobs, work: config.worker === 'here' });
 * JobsModule.forHandlers([
 *   { handler: 'reports.build', inject: [CommandBus], useFactory: (bus: CommandBus) => (job) => bus.execute(…) },
 * ]);
 * JobsModule.forJobs([{ key: 'nightly-report', handler: 'reports.build', time: { cron: '0 3 * * *' } }]);
 */
@Module({})
export class JobsModule {
  /** Opens the jobs; once, in the app. */
  static forRoot({ url, settings, ...options }: JobsModuleOptions): DynamicModule {
    return {
      module: JobsModule,
      global: true,
      providers: [
        { provide: JOBS, useFactory: () => openJobs(url, settings) },
        DeclaredJobs,
        {
          provide: RunningJobs,
          inject: [JOBS, DeclaredJobs],
          useFactory: (jobs: Jobs, declared: DeclaredJobs) => new RunningJobs(jobs, declared, options),
        },
      ],
      exports: [JOBS, DeclaredJobs, RunningJobs],
    };
  }

  /** Declares who does the work of a job. Two of one name on one queue stop the start. */
  static forHandlers(handlers: readonly HandlerDeclaration[]): DynamicModule {
    return declaring(
      handlers.map((declaration) => ({
        inject: [DeclaredJobs, ...(declaration.inject ?? [])] as never[],
        useFactory: (declared: DeclaredJobs, ...injected: never[]) => {
          const handle: JobHandler = declaration.useFactory(...injected);
          declared.addHandler(declaration, handle);
        },
      })),
    );
  }

  /** Declares jobs that are always there, such as what recurs. One whose handler nobody has stops the start. */
  static forJobs(requests: readonly JobRequest[]): DynamicModule {
    return declaring([
      {
        inject: [DeclaredJobs] as never[],
        useFactory: (declared: DeclaredJobs) => requests.forEach((request) => declared.addRequest(request)),
      },
    ]);
  }

  /** Declares what knows of work that must be done, whatever becomes of the stored jobs. */
  static forSources(sources: readonly SourceDeclaration[]): DynamicModule {
    return declaring(
      sources.map((declaration) => ({
        inject: [RunningJobs, ...(declaration.inject ?? [])] as never[],
        useFactory: (running: RunningJobs, ...injected: never[]) =>
          running.addSource(declaration.useFactory(...injected)),
      })),
    );
  }
}

@Module({})
class DeclaredJobsModule {}

function declaring(
  declarations: readonly { inject: never[]; useFactory: (...injected: never[]) => void }[],
): DynamicModule {
  const providers = declarations.map((declaration): Provider => ({
    ...declaration,
    provide: Symbol('declared'),
    useFactory: declaration.useFactory as never,
  }));
  return { module: DeclaredJobsModule, providers };
}
