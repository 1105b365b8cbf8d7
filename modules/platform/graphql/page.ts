import { Field, ObjectType } from '@nestjs/graphql';
import type { PageOf } from '#platform/http/paging';

type Class<T extends object> = abstract new (...args: never[]) => T;

/** The type `<Name>Page`, for lists whose places have no cursors of their own: read on with `cursor: next`, as in REST. */
export function pageOf<Item extends object>(item: () => Class<Item>, name: string): Class<PageOf<Item>> {
  @ObjectType(`${name}Page`)
  class PageType {
    @Field(() => [item()])
    items: Item[];

    @Field(() => String, { nullable: true, description: 'Cursor of the next page; not there at the end.' })
    next?: string;
  }
  return PageType;
}

/** What a list without pages costs that has about so many items. An option of the field. */
export const listComplexity = (items: number) => ({
  complexity: ({ childComplexity }: { childComplexity: number }): number => 1 + items * childComplexity,
});

/** What such a page costs: each of its items costs what is asked of it. An option of the field. */
export const limitComplexity = {
  complexity: ({ args, childComplexity }: { args: Record<string, unknown>; childComplexity: number }): number => {
    const limit = Number(args['limit'] ?? 100);
    return 1 + Math.min(Math.max(Number.isFinite(limit) ? limit : 1_000, 1), 1_000) * childComplexity;
  },
};
