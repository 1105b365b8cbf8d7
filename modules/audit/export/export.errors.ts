import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

/** An event of the store is not the one that the tree was made of. */
export class StoreDiffersFromTree extends DomainError {
  constructor(leaf: number | undefined, { stream, revision }: { stream: string; revision: number }) {
    super(
      'conflict',
      'audit-tree-differs',
      `Revision ${revision} of '${stream}' is not what leaf ${leaf ?? '(none)'} of the audit tree was made of. ` +
        'Verify the store with `perdure audit verify`: it names what was changed first.',
    );
  }
}

defineProblems({
  'audit-tree-differs': {
    kind: 'conflict',
    title: 'The store is not what the audit tree was made of',
    cure: 'Verify the store with `perdure audit verify`: it names what was changed first.',
  },
});
