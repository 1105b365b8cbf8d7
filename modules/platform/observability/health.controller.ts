import { Controller, Get, Res } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { Decimal, Flag, Integer, ListOf, Nested, OneOf, Optional, Text } from '#platform/commands/fields';
import { QueryEndpoint } from '#platform/http/endpoint';
import { PROJECTION_STATES, ProjectionStatuses, type ProjectionStatus } from '#platform/projecting/projection-status';
import { inTime } from '../in-time.js';
import { PATIENCE_MS, Readiness, type PartStatus } from './readiness.js';

class Health {
  @OneOf(['alive']) status: 'alive';
}

class Part {
  @Text() name: string;
  @Flag() ready: boolean;
  @Optional(Text({ max: 10_000 })) error?: string;

  /** There where the process is of use without it. */
  @Optional(Flag()) dispensable?: boolean;
}

class ProjectionHealth {
  @Text() name: string;
  @Integer({ min: 0 }) version: number;
  @OneOf(PROJECTION_STATES) state: string;
  @Text() position: string;
  @Decimal({ min: 0 }) lagSeconds: number;
  @Integer({ min: 0 }) parkedKeys: number;

  /** Times that this process has set one aside since it started. */
  @Optional(Integer({ min: 0 })) parkedEver?: number;
  @Optional(Text({ max: 100_000 })) error?: string;
}

class ReadinessReport {
  /** `degraded`: it should be sent requests, but a projection fails, or has set keys aside whose documents stand still. */
  @OneOf(['ready', 'degraded', 'draining', 'not-ready']) status: string;

  @ListOf(Nested(Part), { max: 100 }) parts: readonly PartStatus[];
  @ListOf(Nested(ProjectionHealth), { max: 10_000 }) projections: readonly ProjectionStatus[];
}

/** What an orchestrator asks. A projection that lags or fails is shown, but commands are taken all the same. */
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly modules: ModuleRef,
  ) {}

  @Get('health')
  @QueryEndpoint({ summary: 'Is the process alive?', answer: Health })
  health(): Health {
    return { status: 'alive' };
  }

  @Get('ready')
  @QueryEndpoint({
    summary: 'Should the process be sent requests, and how far are its read models?',
    answer: ReadinessReport,
    alsoAnswers: { 503: 'Not now: a part is not there, or the process is about to end.' },
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessReport> {
    const [parts, projections] = await Promise.all([this.readiness.check(), projectionStatuses(this.modules)]);
    const status = this.readiness.draining ? 'draining' : statusOf(parts, projections);
    if (status === 'draining' || status === 'not-ready') reply.code(503);
    return { status, parts, projections };
  }
}

function statusOf(parts: readonly PartStatus[], projections: readonly ProjectionStatus[]): string {
  const missing = parts.filter(({ ready }) => !ready);
  if (missing.some(({ dispensable }) => !dispensable)) return 'not-ready';
  const isBehind = projections.some(({ state, parkedKeys }) => state === 'failing' || parkedKeys > 0);
  return isBehind || missing.length > 0 ? 'degraded' : 'ready';
}

/**
 * How the projections are doing; nothing where the application has none, or where a store does not answer: the parts say that, and
 * nobody knows how far behind a projection is.
 */
export async function projectionStatuses(modules: ModuleRef): Promise<readonly ProjectionStatus[]> {
  try {
    return await inTime(modules.get(ProjectionStatuses, { strict: false }).statuses(), PATIENCE_MS);
  } catch {
    return [];
  }
}
