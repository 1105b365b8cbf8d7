import { Readable } from 'node:stream';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Clock } from '#kernel/clock';
import { CLOCK } from '../dispatch/dispatcher.js';
import { type EventStore, STORED_EVENTS } from '../event-store/event-store.port.js';
import { QueryEndpoint } from '../http/endpoint.js';
import { archiveLines } from './archive.js';

/** What `perdure backup` asks a running server for. */
@Controller('api/v1/backup')
export class BackupController {
  constructor(
    @Inject(STORED_EVENTS) private readonly events: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'All events as they are now, to be restored with `perdure restore`',
    description:
      'Lines of JSON: a header, an event a line, and an end with their number and Merkle root. A body without its end is not whole.',
    answer: { type: 'string' },
    produces: 'application/x-ndjson',
  })
  backup(@Res({ passthrough: true }) reply: FastifyReply): Readable {
    void reply.header('content-type', 'application/x-ndjson; charset=utf-8');
    return Readable.from(archiveLines(this.events, this.clock.now()));
  }
}
