import { Controller, Delete, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Id, Integer, ListOf, Nested, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { Envelope } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Enveloped } from '#platform/http/envelope-of';
import { Parameters } from '#platform/http/input';
import { ErasedPlaceFields, ErasingActor } from './subject.commands.js';
import { type KnownSubject, SubjectErasure } from './subject-erasure.js';

export class SubjectParameters {
  @Id() id: string;
}

export class ErasureView {
  @Timestamp() at: string;
  @Nested(ErasingActor) actor: ErasingActor;
  @Optional(Text()) reason?: string;

  /** Of the keys that were destroyed: they stand in what was sealed with them. */
  @ListOf(Text(), { max: 10_000 }) keyIds: string[];

  /** Each place that held data of the subject, and what became of it there. */
  @ListOf(Nested(ErasedPlaceFields), { max: 100 }) where: ErasedPlaceFields[];
}

export class SubjectView {
  @Id() id: string;

  /** Whether personal data of it can be read. */
  @OneOf(['active', 'erased']) status: 'active' | 'erased';

  /** How many things name it, as of moments ago. */
  @Integer({ min: 0 }) things: number;

  @ListOf(Nested(ErasureView), { max: 10_000 }) erasures: ErasureView[];
}

const ERRORS = ['subject-not-found', 'keys-lost'];

/** Whose personal data is stored, and its end. */
@Controller('api/v1/subjects')
export class SubjectsController {
  constructor(private readonly erasure: SubjectErasure) {}

  @Get(':id')
  @QueryEndpoint({ summary: 'Get a subject of personal data', answer: SubjectView, errors: ERRORS })
  get(@Parameters() { id }: SubjectParameters, @Tenant() tenant: string): Promise<KnownSubject> {
    return this.erasure.find(tenant, id);
  }

  @Delete(':id')
  @CommandEndpoint({
    summary: 'Erase the personal data of a subject, everywhere and for ever',
    description:
      'Its keys are destroyed: what was sealed with them cannot be read any more in events, snapshots, read models, exports and backups, and reads as null. The answer says so for each place. `Perdure-Reason` is recorded with it. Asked twice it is done once.',
    answer: SubjectView,
    errors: ERRORS,
  })
  async erase(
    @Parameters() { id }: SubjectParameters,
    @Enveloped() envelope: Envelope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<KnownSubject> {
    const { position, ...subject } = await this.erasure.erase(id, envelope);
    reply.header('perdure-position', position);
    return subject;
  }
}
