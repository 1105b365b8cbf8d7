import { Controller, Get } from '@nestjs/common';
import { Text } from '#platform/commands/fields';
import { Tenant } from '#platform/http/caller';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import { Trace } from './trace.js';
import { Traces } from './traces.js';

class TraceParameters {
  /** As it stands in events, and in the Correlation-Id of the first request where that had one. */
  @Text({ max: 255 }) correlationId: string;
}

/** What led to what, from a first request on. */
@Controller('api/v1/traces')
export class TracesController {
  constructor(private readonly traces: Traces) {}

  @Get(':correlationId')
  @QueryEndpoint({
    summary: 'Show everything that a request led to, over all objects',
    description: 'What was just written follows within moments.',
    answer: Trace,
    reads: ['audit'],
    errors: ['trace-not-found'],
  })
  get(@Parameters() { correlationId }: TraceParameters, @Tenant() tenant: string): Promise<Trace> {
    return this.traces.of(tenant, correlationId);
  }
}
