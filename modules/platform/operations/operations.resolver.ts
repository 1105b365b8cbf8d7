import { Mutation, Query, Resolver } from '@nestjs/graphql';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, pageOf } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import type { PageOf } from '#platform/http/paging';
import { OperationNotFound } from './operation.errors.js';
import { Operations } from './operations.js';
import { OperationDetails, OperationListParameters, OperationParameters, represent } from './operations.controller.js';

export const OperationType = objectTypeOf(OperationDetails, 'Operation', 'Long work, and how it is going.', {
  kind: 'What kind of work, such as rebuild or as-of.',
  state: 'Of these, done, failed and cancelled are ends.',
  done: 'Units of work that are done, such as events.',
  total: 'How many there are; an estimate until it has ended.',
  rate: 'Units a second.',
  error: 'Why it failed; while it runs, what it waits to be over.',
});
const OperationPage = pageOf(() => OperationType, 'Operation');

const MEANINGS = { kind: 'What kind of work, such as rebuild or as-of.', cursor: 'next of the page before.' };

/** Long work that was asked for. */
@Resolver()
export class OperationsResolver {
  constructor(private readonly work: Operations) {}

  @Query(() => OperationPage, { ...limitComplexity, description: 'Long work, the newest first.' })
  async operations(
    @Arguments(MEANINGS) { limit, cursor, state, kind }: OperationListParameters,
  ): Promise<PageOf<OperationDetails>> {
    const filter = { ...(state !== undefined && { state }), ...(kind !== undefined && { kind }) };
    const page = await this.work.list(limit, cursor, filter);
    return { ...page, items: page.items.map(represent) };
  }

  @Query(() => OperationType, { nullable: true, description: 'Long work; null where there is none of this id.' })
  async operation(@Arguments() { id }: OperationParameters): Promise<OperationDetails | null> {
    try {
      return represent(await this.work.get(id));
    } catch (error) {
      if (error instanceof OperationNotFound) return null;
      throw error;
    }
  }

  @Mutation(() => OperationType, {
    description: 'Stops long work, in a moment. What is done of it is kept, so that it can be resumed.',
  })
  async cancelOperation(@Arguments() { id }: OperationParameters): Promise<OperationDetails> {
    return represent(await this.work.cancel(id));
  }

  @Mutation(() => OperationType, { description: 'Lets long work go on that was cancelled or has failed.' })
  async resumeOperation(@Arguments() { id }: OperationParameters): Promise<OperationDetails> {
    return represent(await this.work.resume(id));
  }
}
