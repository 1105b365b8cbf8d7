import { type DynamicModule, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { AuditTreeWorkModule } from '#modules/audit/audit-tree.module';
import { ScheduleWorkModule } from '#modules/schedules/schedules.module';
import type { Config } from '#platform/config/config';
import { JobsModule } from '#platform/jobs/jobs.module';
import { JOBS, type Jobs } from '#platform/jobs/jobs.port';
import { Readiness } from '#platform/observability/readiness';
import { ProjectingModule } from '#platform/projecting/projecting.module';
import { auditProjection } from '#projections/audit.projection';
import { auditDaysProjection } from '#projections/audit-days.projection';
import { nounsProjection } from '#projections/nouns.projection';
import { projectsProjection } from '#projections/projects.projection';
import { relationshipsProjection } from '#projections/relationships.projection';
import { schedulesProjection } from '#projections/schedules.projection';
import { thingsProjection } from '#projections/things.projection';

export const PROJECTIONS = [
  thingsProjection,
  relationshipsProjection,
  nounsProjection,
  schedulesProjection,
  projectsProjection,
  auditProjection,
  auditDaysProjection,
];

/** What happens behind the API: projections and jobs. */
@Module({})
export class WorkModule implements OnModuleInit {
  /** The work, in this process. Where others do the same, each projection and each job is one process's at a time. */
  static here(config: Config): DynamicModule {
    return {
      module: WorkModule,
      imports: [
        ProjectingModule.forProjections(PROJECTIONS),
        jobs(config, true),
        ScheduleWorkModule,
        AuditTreeWorkModule,
      ],
    };
  }

  /** What a process needs that leaves the work to others: it schedules jobs, and queries what they project. */
  static elsewhere(config: Config): DynamicModule {
    return {
      module: WorkModule,
      imports: [ProjectingModule.forProjectionsElsewhere(PROJECTIONS), jobs(config, false)],
    };
  }

  constructor(
    @Inject(JOBS) private readonly jobs: Jobs,
    private readonly readiness: Readiness,
  ) {}

  onModuleInit(): void {
    this.readiness.add('jobs', () => this.jobs.check());
  }
}

function jobs({ jobs: url, durability, maxQueuedWrites, drainSeconds }: Config, work: boolean): DynamicModule {
  return JobsModule.forRoot({ url, work, settings: { durability, maxQueuedWrites, drain: drainSeconds * 1_000 } });
}
