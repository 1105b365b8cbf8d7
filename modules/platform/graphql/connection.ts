import { Field, ObjectType } from '@nestjs/graphql';
import { Integer, Optional, Text } from '#platform/commands/fields';
import type { Edges, Window } from '#platform/read-store/edges';

/** Items on a page where nothing is said, and at most. */
const DEFAULT_PAGE = 20;
const MAX_PAGE = 1_000;

/** Which part of a list: the first ones behind a cursor, or the last ones before one. Extend it with the query's own. */
export class WindowArguments implements Window {
  @Optional(Integer({ min: 1, max: MAX_PAGE })) first?: number;
  @Optional(Text({ max: 8_000 })) after?: string;
  @Optional(Integer({ min: 1, max: MAX_PAGE })) last?: number;
  @Optional(Text({ max: 8_000 })) before?: string;
}

@ObjectType({ description: 'Where a page lies in its list, as Relay has it.' })
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage: boolean;

  @Field(() => Boolean)
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true })
  startCursor?: string;

  @Field(() => String, { nullable: true })
  endCursor?: string;
}

interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

/** A page of a list, as Relay has it. */
export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly pageInfo: PageInfo;
}

type Class<T extends object> = abstract new (...args: never[]) => T;

const connections = new Map<string, Class<object>>();

/** The type `<Name>Connection` with its edges. */
export function connectionOf<Node extends object>(node: () => Class<Node>, name: string): Class<Connection<Node>> {
  const known = connections.get(name);
  if (known) return known as Class<Connection<Node>>;

  @ObjectType(`${name}Edge`)
  class EdgeType {
    @Field(() => String)
    cursor: string;

    @Field(node)
    node: Node;
  }

  @ObjectType(`${name}Connection`)
  class ConnectionType {
    @Field(() => [EdgeType])
    edges: EdgeType[];

    @Field(() => PageInfo)
    pageInfo: PageInfo;
  }

  connections.set(name, ConnectionType);
  return ConnectionType;
}

/** What a connection costs: each item of the page costs what is asked of it. An option of the field. */
export const pageComplexity = {
  complexity: ({ args, childComplexity }: { args: Record<string, unknown>; childComplexity: number }): number =>
    1 + pageSize(args) * childComplexity,
};

/** Items that the window may have; the default where it does not say. */
export function pageSize({ first, last }: Window): number {
  const asked = first ?? last ?? DEFAULT_PAGE;
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 1), MAX_PAGE) : MAX_PAGE;
}

/** The window with a size, where it has none. */
export function sized<W extends Window>(window: W): W {
  return window.first === undefined && window.last === undefined ? { ...window, first: DEFAULT_PAGE } : window;
}

/** The connection of these edges. */
export function toConnection<Item, Node>(
  { items, hasNextPage, hasPreviousPage }: Edges<Item>,
  nodeOf: (item: Item) => Node,
): Connection<Node> {
  const edges = items.map(({ cursor, item }) => ({ cursor, node: nodeOf(item) }));
  const pageInfo = { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor, endCursor: edges.at(-1)?.cursor };
  return { edges, pageInfo };
}
