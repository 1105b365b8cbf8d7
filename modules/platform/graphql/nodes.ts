import { Field, ID, InterfaceType } from '@nestjs/graphql';

/**
 * What can be asked for by one id alone. The id of a thing is its user's own and says nothing without its noun, so the global one has
 * a name of its own.
 */
@InterfaceType({
  description: 'What can be asked for by one id alone.',
  resolveType: ({ nodeId }: Node) => partsOfNodeId(nodeId)[0],
})
export abstract class Node {
  @Field(() => ID, { description: 'Its own among everything that there is; hand it back as it is.' })
  nodeId: string;
}

/** The id of an object among all: opaque to clients. */
export function nodeIdOf(...parts: readonly [type: string, ...id: string[]]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of such an id; none where it is not one. */
export function partsOfNodeId(nodeId: string): readonly string[] {
  try {
    const parts = JSON.parse(Buffer.from(nodeId, 'base64url').toString()) as unknown;
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : [];
  } catch {
    return [];
  }
}
