import { Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { Optional, Text } from '#platform/commands/fields';
import { envelopeIn } from '#platform/graphql/command-mutation';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { ErasedPlaceFields } from './subject.commands.js';
import { SubjectNotFound } from './subject.errors.js';
import { type KnownSubject, SubjectErasure } from './subject-erasure.js';
import { ErasureView, SubjectParameters, SubjectView } from './subjects.controller.js';

objectTypeOf(ErasedPlaceFields, 'ErasedPlace', 'A place that held data of a subject, and what became of it there.');
objectTypeOf(ErasureView, 'SubjectErasure', 'That personal data was erased: when, by whom and where.', {
  keyIds: 'Of the keys that were destroyed: they stand in what was sealed with them.',
});
const SubjectType = objectTypeOf(SubjectView, 'Subject', 'Whose personal data is stored.', {
  status: 'Whether personal data of it can be read.',
  things: 'How many things name it, as of moments ago.',
});

class EraseArguments extends SubjectParameters {
  @Optional(Text({ max: 1_000 })) reason?: string;
}

/** Whose personal data is stored, and its end. */
@Resolver()
export class SubjectsResolver {
  constructor(private readonly erasure: SubjectErasure) {}

  @Query(() => SubjectType, {
    nullable: true,
    description: 'A subject of personal data; null where nothing was ever stored of it.',
  })
  async subject(
    @Arguments() { id }: SubjectParameters,
    @Context() { tenant }: GraphqlContext,
  ): Promise<KnownSubject | null> {
    try {
      return await this.erasure.find(tenant, id);
    } catch (error) {
      if (error instanceof SubjectNotFound) return null;
      throw error;
    }
  }

  @Mutation(() => SubjectType, {
    description:
      'Erases the personal data of a subject, everywhere and for ever: its keys are destroyed, and what was sealed with them reads as null. Asked twice it is done once.',
  })
  async eraseSubject(
    @Arguments({ reason: 'Why; it is recorded. Default: the header Perdure-Reason.' }) { id, reason }: EraseArguments,
    @Context() context: GraphqlContext,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<KnownSubject> {
    const envelope = envelopeIn(context.envelope, { reason }, String(path.key));
    const { position, ...subject } = await this.erasure.erase(id, envelope);
    context.position = position;
    return subject;
  }
}
