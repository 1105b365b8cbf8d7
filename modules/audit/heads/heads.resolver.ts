import { Query, Resolver } from '@nestjs/graphql';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, pageOf } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import type { PageOf } from '#platform/http/paging';
import { HeadListParameters, HeadView, headView } from '../audit-tree.views.js';
import { headPage } from './head-page.js';
import { SignedHeads } from './signed-heads.js';

const HeadType = objectTypeOf(HeadView, 'AuditHead', 'What the log was at a moment, signed.', {
  size: 'Leaves of the tree.',
  root: 'Hash over all of them, in base64.',
  position: 'Of the last event that it covers.',
  publicKey: 'In base64.',
  note: 'A signed checkpoint (C2SP tlog-checkpoint).',
});
const HeadPage = pageOf(() => HeadType, 'AuditHead');

/** The signed heads of the audit tree. */
@Resolver()
export class HeadsResolver {
  constructor(private readonly heads: SignedHeads) {}

  @Query(() => HeadType, { nullable: true, description: 'The latest signed head; null where none was signed yet.' })
  async auditHead(): Promise<HeadView | null> {
    const { head, revision } = (await this.heads.last()) ?? {};
    return head && revision !== undefined ? headView(head, revision) : null;
  }

  @Query(() => HeadPage, { ...limitComplexity, description: 'The signed heads, the latest first.' })
  auditHeads(@Arguments({ cursor: 'next of the page before.' }) query: HeadListParameters): Promise<PageOf<HeadView>> {
    return headPage(this.heads, query);
  }
}
