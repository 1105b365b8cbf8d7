import type { PageOf } from '#platform/http/paging';
import { InvalidCursor } from '#platform/read-store/read-store.errors';
import { type HeadListParameters, type HeadView, headView } from '../audit-tree.views.js';
import type { SignedHeads } from './signed-heads.js';

/** Heads as they are shown, the latest first. Rejects with InvalidCursor. */
export async function headPage(signed: SignedHeads, { limit, cursor }: HeadListParameters): Promise<PageOf<HeadView>> {
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw new InvalidCursor();
  const from = cursor === undefined ? {} : { from: Number(cursor) };
  const { heads, next } = await signed.page({ ...from, direction: 'backwards', limit });
  const items = heads.flatMap(({ head, revision }) => (head ? [headView(head, revision)] : []));
  return { items, ...(next !== undefined && { next: String(next) }) };
}
