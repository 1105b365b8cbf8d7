import { Controller, Get, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Flag, Id, Identifier, ListOf, OneOf, Optional, Text } from '#platform/commands/fields';
import type { TimeOfEvent } from '#platform/dispatch/moment';
import { revised, type Revised } from '#platform/http/answers';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { envelopeOf } from '#platform/http/envelope-of';
import { JsonBody, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { Blame, ObjectBlame } from './blame.js';
import { Differences, ObjectDiff } from './differences.js';
import { DryRunAnswer, DryRunRequest, DryRuns } from './dry-runs.js';
import { EventHistory } from './event-history.js';
import { HistoryEntry } from './history-entry.js';
import {
  Clock,
  IsoTime,
  MomentParameters,
  momentNamed,
  momentOf,
  ObjectParameters,
  periodOf,
} from './moment-parameters.js';
import { ObjectAnswer, ObjectPast } from './object-past.js';
import { Trace } from './trace.js';
import { Traces } from './traces.js';

class ObjectHistoryParameters extends PageParameters {
  @Identifier() type: string;
  @Id() id: string;

  /** Oldest events first (default), or newest. */
  @Optional(OneOf(['asc', 'desc'])) order?: 'asc' | 'desc';

  /** Only events of these types. */
  @Optional(ListOf(Text({ max: 300 }), { min: 1, max: 100 })) types?: string[];

  /** Only what this actor did: its id, or type:id. */
  @Optional(Text({ max: 400 })) actor?: string;

  /** From this moment on, in ISO 8601. */
  @Optional(IsoTime()) from?: string;

  /** Before this moment. */
  @Optional(IsoTime()) to?: string;

  /** Which time `from` and `to` mean: when events were recorded (default), or when they occurred. */
  @Optional(Clock()) clock?: TimeOfEvent;

  /** Events as they were written, in the shapes of their time. */
  @Optional(Flag()) stored?: boolean;
}

class DiffParameters extends ObjectParameters {
  /** A revision, or a time in ISO 8601. */
  @IsoTime() from: string;

  /** The same; now where it is left out. */
  @Optional(IsoTime()) to?: string;

  /** Which time is meant: when events were recorded (default), or when they occurred. */
  @Optional(Clock()) clock?: TimeOfEvent;
}

class BlameParameters extends MomentParameters {
  /** Only fields at or below this JSON pointer. */
  @Optional(Text({ max: 10_000, pattern: /^\/.*$/s })) below?: string;
}

const NOT_FOUND = ['object-type-not-found', 'object-not-found', 'stream-deleted'];
const NOT_THEN = [...NOT_FOUND, 'object-absent', 'revision-not-reached'];

/** Every durable object, whatever its type: what it is, was, and would be, and how it came to that. */
@Controller('api/v1/objects/:type/:id')
export class ObjectsController {
  constructor(
    private readonly past: ObjectPast,
    private readonly events: EventHistory,
    private readonly differences: Differences,
    private readonly blames: Blame,
    private readonly traces: Traces,
    private readonly dryRuns: DryRuns,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'Get an object, as it is or as it was',
    description: 'As of a revision, or of a time at which events were recorded or occurred.',
    revised: true,
    answer: ObjectAnswer,
    errors: NOT_THEN,
  })
  async get(@Parameters() { type, id, ...moment }: MomentParameters, @Tenant() tenant: string): Promise<Revised> {
    const answer = await this.past.get(tenant, { type, id }, momentOf(moment));
    return revised(answer, answer.revision);
  }

  @Get('history')
  @QueryEndpoint({
    summary: 'List what happened to an object: its events, with who, when, why and because of what',
    description:
      'The history of what was deleted stays. A page may be shorter than its limit, even empty, where few events match: go on as long as there is a next one.',
    paged: true,
    answer: HistoryEntry,
    errors: [...NOT_FOUND, 'invalid-cursor'],
  })
  history(
    @Parameters() { type, id, from, to, ...query }: ObjectHistoryParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<HistoryEntry>> {
    this.past.typeOf({ type, id });
    return this.events.page(tenant, { type, id }, { ...query, ...periodOf({ from, to }) });
  }

  @Get('diff')
  @QueryEndpoint({
    summary: 'Compare an object at two moments',
    description:
      'A JSON Patch (RFC 6902) from the one to the other, and for each field that differs the last event in between that changed it. A number of digits only is a revision.',
    answer: ObjectDiff,
    errors: [...NOT_FOUND, 'revision-not-reached'],
  })
  diff(@Parameters() { type, id, from, to, clock }: DiffParameters, @Tenant() tenant: string): Promise<ObjectDiff> {
    const begin = momentNamed(from, clock, '/query/from');
    return this.differences.between(
      tenant,
      { type, id },
      begin,
      to === undefined ? {} : momentNamed(to, clock, '/query/to'),
    );
  }

  @Get('blame')
  @QueryEndpoint({
    summary: 'Show which event last set each field of an object',
    answer: ObjectBlame,
    errors: NOT_THEN,
  })
  blame(@Parameters() { type, id, below, ...moment }: BlameParameters, @Tenant() tenant: string): Promise<ObjectBlame> {
    return this.blames.of(tenant, { type, id }, momentOf(moment), below);
  }

  @Get('trace')
  @QueryEndpoint({
    summary: "Show the causes of an object's last event, from the first request to the last effect, over all objects",
    description:
      'Of the last event up to a moment where one is given. What others were just led to follows within moments.',
    answer: Trace,
    reads: ['audit'],
    errors: NOT_THEN,
  })
  trace(@Parameters() { type, id, ...moment }: MomentParameters, @Tenant() tenant: string): Promise<Trace> {
    return this.traces.ofObject(tenant, { type, id }, momentOf(moment));
  }

  @Post('dry-run')
  @CommandEndpoint({
    summary: 'Try a command out',
    description:
      'Which events it would append now, or would have appended at a moment of the past; or which problem it would be refused with. Nothing is appended or kept.',
    answer: DryRunAnswer,
    errors: [...NOT_FOUND, 'revision-not-reached', 'reserved-type'],
  })
  dryRun(
    @JsonBody() request: DryRunRequest,
    @Parameters() ref: ObjectParameters,
    @Req() http: FastifyRequest,
  ): Promise<DryRunAnswer> {
    return this.dryRuns.try(ref, request, envelopeOf(http));
  }
}
