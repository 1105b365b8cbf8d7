import { Integer, Optional, Text } from '#platform/commands/fields';

/** Parameters of a query that is answered in pages; extend it with the query's own. */
export class PageParameters {
  /** At most so many items. */
  @Optional(Integer({ min: 1, max: 1_000 }))
  limit: number = 100;

  /** Where the page before ended: `next` of its body, or follow its `Link`. */
  @Optional(Text({ max: 8_000 }))
  cursor?: string;
}

/** A page: answer with it from a `paged` endpoint. */
export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page; not there at the end. */
  readonly next?: string;
}
