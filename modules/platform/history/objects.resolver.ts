import { Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, JsonRecord, ListOf, OneOf, Optional, Text } from '#platform/commands/fields';
import type { TimeOfEvent } from '#platform/dispatch/moment';
import { type Connection, pageComplexity, pageSize } from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import type { RecordedEvent } from '#platform/graphql/recorded-event';
import { EventConnection, StreamPages } from '#platform/graphql/stream-pages';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { Blame, ObjectBlame } from './blame.js';
import { Differences, ObjectDiff } from './differences.js';
import { DryRunAnswer, DryRuns } from './dry-runs.js';
import { ObjectAbsent, ObjectNotFound } from './history.errors.js';
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

const ObjectType = objectTypeOf(ObjectAnswer, 'DurableObject', 'An object of any type, as it is or as it was.');
const DiffType = objectTypeOf(ObjectDiff, 'ObjectDiff', 'How an object differs between two moments.');
const BlameType = objectTypeOf(ObjectBlame, 'ObjectBlame', 'Which event last set each field of an object.');
const DryRunType = objectTypeOf(DryRunAnswer, 'DryRun', 'What a command would lead to.');
const TraceType = objectTypeOf(Trace, 'Trace', 'What led to what, from a first request to the last effects.');

class ObjectHistoryArguments {
  @Optional(OneOf(['asc', 'desc'], 'Order')) order?: 'asc' | 'desc';
  @Optional(ListOf(Text({ max: 300 }), { min: 1, max: 100 })) types?: string[];
  @Optional(Text({ max: 400 })) actor?: string;
  @Optional(IsoTime()) from?: string;
  @Optional(IsoTime()) to?: string;
  @Optional(Clock()) clock?: TimeOfEvent;
  @Optional(Integer({ min: 1, max: 1_000 })) first?: number;
  @Optional(Text({ max: 100 })) after?: string;
}

class DiffArguments {
  @IsoTime() from: string;
  @Optional(IsoTime()) to?: string;
  @Optional(Clock()) clock?: TimeOfEvent;
}

class BlameArguments {
  @Optional(Text({ max: 10_000, pattern: /^\/.*$/s })) below?: string;
}

class TraceArguments {
  @Text({ max: 255 }) correlationId: string;
}

const MEANINGS = {
  type: 'The name of its type, or a noun.',
  revision: 'As it was when this was its last revision.',
  at: 'As it was at this time, in ISO 8601.',
  clock: 'Which time is meant: when events were recorded (default), or when they occurred.',
};

const BETWEEN = {
  from: 'A revision, or a time in ISO 8601.',
  to: 'The same; now where it is left out.',
  clock: MEANINGS.clock,
};

const FILTER = {
  actor: 'Only what this actor did: its id, or type:id.',
  from: 'Only events of this time or later, in ISO 8601.',
  to: 'Only events of this time or earlier.',
  clock: MEANINGS.clock,
};

class DryRunArguments extends ObjectParameters {
  @Identifier() command: string;
  @JsonRecord() fields: JsonObject;
  @Optional(Integer({ min: 0 })) revision?: number;
  @Optional(IsoTime()) at?: string;
  @Optional(Clock()) clock?: TimeOfEvent;
}

/** The past of every object, and what led to it. */
@Resolver(() => ObjectType)
export class ObjectsResolver {
  constructor(
    private readonly past: ObjectPast,
    private readonly streams: StreamPages,
    private readonly differences: Differences,
    private readonly blames: Blame,
    private readonly traces: Traces,
    private readonly dryRuns: DryRuns,
  ) {}

  @Query(() => ObjectType, {
    nullable: true,
    description: 'An object of any type, as it is or as it was; null where it does not exist then. Always up to date.',
  })
  async object(
    @Arguments(MEANINGS) { type, id, ...moment }: MomentParameters,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ObjectAnswer | null> {
    try {
      return await this.past.get(tenant, { type, id }, momentOf(moment, ''));
    } catch (error) {
      if (error instanceof ObjectNotFound || error instanceof ObjectAbsent) return null;
      throw error;
    }
  }

  @Query(() => TraceType, {
    description: 'Everything that a request led to, over all objects; with @after also what it just did.',
  })
  async trace(@Arguments() { correlationId }: TraceArguments, @Context() context: GraphqlContext): Promise<Trace> {
    await context.reads('audit');
    return this.traces.of(context.tenant, correlationId);
  }

  @Query(() => DryRunType, {
    complexity: 100,
    description:
      'Which events a command would append to the object now, or would have appended at a moment of its past; or the problem it would be refused with. Nothing is appended.',
  })
  dryRun(
    @Arguments({ ...MEANINGS, command: 'Such as ActOnThing.', fields: 'What the command takes.' })
    { type, id, ...request }: DryRunArguments,
    @Context() { envelope }: GraphqlContext,
  ): Promise<DryRunAnswer> {
    return this.dryRuns.try({ type, id }, request, envelope);
  }

  @ResolveField(() => EventConnection, {
    ...pageComplexity,
    description: 'All its events, those after this revision too.',
  })
  history(
    @Parent() { type, id }: ObjectAnswer,
    @Arguments(FILTER) { from, to, after, first, ...query }: ObjectHistoryArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<RecordedEvent>> {
    return this.streams.page(
      tenant,
      { type, id },
      {
        ...query,
        after,
        first: pageSize({ first }),
        ...periodOf({ from, to }, ''),
      },
    );
  }

  @ResolveField(() => DiffType, {
    complexity: 100,
    description: 'How it differs between two moments, and by whose doing.',
  })
  diff(
    @Parent() { type, id }: ObjectAnswer,
    @Arguments(BETWEEN) { from, to, clock }: DiffArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ObjectDiff> {
    const end = to === undefined ? {} : momentNamed(to, clock, '/to');
    return this.differences.between(tenant, { type, id }, momentNamed(from, clock, '/from'), end);
  }

  @ResolveField(() => BlameType, {
    complexity: 100,
    description: 'The event that last set each field of this state, or of what is below a JSON pointer.',
  })
  blame(
    @Parent() { type, id, revision }: ObjectAnswer,
    @Arguments() { below }: BlameArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ObjectBlame> {
    return this.blames.of(tenant, { type, id }, { revision }, below);
  }

  @ResolveField(() => TraceType, {
    name: 'trace',
    complexity: 100,
    description: 'What led to the last event of this state.',
  })
  async traceOf(@Parent() { type, id, revision }: ObjectAnswer, @Context() context: GraphqlContext): Promise<Trace> {
    await context.reads('audit');
    return this.traces.ofObject(context.tenant, { type, id }, { revision });
  }
}
