import { Controller, Get, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { InvalidInput } from '#kernel/errors';
import { Flag, Optional, Text } from '#platform/commands/fields';
import type { Envelope } from '#platform/dispatch/envelope';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { envelopeOf } from '#platform/http/envelope-of';
import { JsonBody, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { requestParameter } from '#platform/http/request-parameter';
import type { ParkedKey } from '#platform/projecting/parked-events';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { groupParked, type ParkedGroup } from './parked-groups.js';
import { ParkedGroups, ParkedView, ReplayedView, ReplayResults, SkippedView, viewOf } from './parked-views.js';
import { type ParkedFilter, ParkedWork, type Replayed } from './parked-work.js';
import { MAX_PARKED_ID, MAX_REPLAYED } from './projection.commands.js';

export class ParkedParameters {
  /** As in the list; to be percent-encoded, for it has slashes. */
  @Text({ max: MAX_PARKED_ID }) id: string;
}

export class ParkedListParameters extends PageParameters {
  @Optional(Text({ max: 100 })) projection?: string;

  /** Fingerprint of the failure, as in the groups. */
  @Optional(Text({ max: 100 })) cause?: string;

  /** Of the code that failed, such as 3@0.1.0: version 3 of the projection in Perdure 0.1.0. */
  @Optional(Text({ max: 100 })) version?: string;
}

export class ParkedGroupParameters {
  @Optional(Text({ max: 100 })) projection?: string;
  @Optional(Text({ max: 100 })) cause?: string;
  @Optional(Text({ max: 100 })) version?: string;
}

/** Which parked work to try again: of a projection, of a cause, of a version, or all of it. */
export class ReplayRequest extends ParkedGroupParameters {
  @Optional(Flag()) all?: boolean;
}

class SkipRequest {
  /** Why the event may be left out. */
  @Text({ max: 1_000 }) reason: string;
}

/** Who asks, and why. */
const Sender = () => requestParameter((request) => envelopeOf(request));

const REFUSALS = ['parked-event-not-found', 'projection-elsewhere', 'read-model-stale'];

/** What projections could not take: keys that are set aside with all that waits behind the event that failed. */
@Controller('api/v1/parked-events')
export class ParkedEventsController {
  constructor(
    private readonly work: ParkedWork,
    @Inject(READ_STORE) private readonly documents: ReadStore,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List what is parked',
    description: 'A key whose event failed, with how much waits behind it; or one event whose key could not be told.',
    paged: true,
    answer: ParkedView,
    errors: ['invalid-cursor'],
  })
  async list(@Parameters() { limit, cursor, ...filter }: ParkedListParameters): Promise<PageOf<ParkedView>> {
    const { items, next } = await this.work.list(filter, { limit, cursor });
    return { items: items.map(({ id, document }) => viewOf(id, document)), next };
  }

  @Get('groups')
  @QueryEndpoint({
    summary: 'Group what is parked by projection, cause and version of the code',
    description: 'The largest group first.',
    answer: ParkedGroups,
  })
  async groups(@Parameters() filter: ParkedGroupParameters): Promise<{ items: ParkedGroup[] }> {
    return { items: await groupParked(this.documents, filter) };
  }

  @Get(':id')
  @QueryEndpoint({ summary: 'Get what is parked', answer: ParkedView, errors: ['parked-event-not-found'] })
  async get(@Parameters() { id }: ParkedParameters): Promise<ParkedView> {
    return viewOf(id, (await this.work.get(id)) satisfies ParkedKey);
  }

  @Post('replays')
  @CommandEndpoint({
    summary: 'Try a group of what is parked again, or all',
    description: `At most ${MAX_REPLAYED} keys at once: ask again for the rest. Each goes as far as it can; what still fails stays parked.`,
    answer: ReplayResults,
    errors: ['projection-elsewhere', 'read-model-stale'],
  })
  async replays(@JsonBody() request: ReplayRequest, @Sender() envelope: Envelope): Promise<ReplayResults> {
    return { items: await this.work.replayMatching(filterOf(request), envelope) };
  }

  @Post(':id/replay')
  @CommandEndpoint({ summary: 'Try what is parked again', answer: ReplayedView, errors: REFUSALS })
  replay(@Parameters() { id }: ParkedParameters, @Sender() envelope: Envelope): Promise<Replayed> {
    return this.work.replay(id, envelope);
  }

  @Post(':id/skip')
  @CommandEndpoint({
    summary: 'Leave the event that failed out for good',
    description:
      'Also of every rebuild. The key goes on with what waits behind it. Who did it, and why, is an event in the stream of the projection.',
    answer: SkippedView,
    errors: REFUSALS,
  })
  async skip(
    @JsonBody() { reason }: SkipRequest,
    @Parameters() { id }: ParkedParameters,
    @Sender() envelope: Envelope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SkippedView> {
    const skipped = await this.work.skip(id, reason, envelope);
    reply.header('perdure-position', skipped.position);
    return skipped;
  }
}

/** Throws InvalidInput where nothing says which: all must be meant. */
export function filterOf({ all, ...filter }: ReplayRequest): ParkedFilter {
  if (all !== true && Object.values(filter).every((value) => value === undefined)) {
    const detail = 'Must name a projection, a cause or a version, or say "all": true.';
    throw new InvalidInput([{ pointer: '', detail }]);
  }
  return filter;
}
