import type { Position } from '#kernel/event';
import type { Advance, Checkpoint, ReadStore } from '#platform/read-store/read-store.port';

/** Name of the tree's checkpoint and of its lease. */
export const TREE = 'audit_tree';

/**
 * How far the tree is: its leaves up to a position. The number of leaves stands where a projection has its version, so that both
 * move in one step also in a store without transactions.
 */
export interface TreeProgress {
  readonly position: Position;
  readonly size: number;
}

export async function treeProgress(documents: ReadStore): Promise<TreeProgress | null> {
  const checkpoint = await documents.checkpoint(TREE);
  return checkpoint && { position: checkpoint.position, size: checkpoint.version };
}

/** Leaves that are written. */
export async function treeSize(documents: ReadStore): Promise<number> {
  return (await treeProgress(documents))?.size ?? 0;
}

export function treeAdvance(from: TreeProgress | null, to: TreeProgress, token?: number): Advance {
  return { projection: TREE, from: from && checkpointOf(from), to: checkpointOf(to), token };
}

function checkpointOf({ position, size }: TreeProgress): Checkpoint {
  return { position, version: size };
}
