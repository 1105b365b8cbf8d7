import { Controller, Get, Header } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { QueryEndpoint } from '#platform/http/endpoint';
import { projectionStatuses } from './health.controller.js';
import { Metrics } from './metrics.js';

@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly modules: ModuleRef,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @QueryEndpoint({ summary: 'Metrics for Prometheus', answer: { type: 'string' }, produces: 'text/plain' })
  async read(): Promise<string> {
    return this.metrics.text(await projectionStatuses(this.modules));
  }
}
