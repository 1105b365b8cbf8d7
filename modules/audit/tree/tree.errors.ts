import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

/** The tree is being built, or follows the events by a moment. */
export class TreeIncomplete extends DomainError {
  constructor() {
    super(
      'unavailable',
      'audit-tree-incomplete',
      'The audit tree does not reach so far yet. Ask again in a moment, or for no more than it has: GET /api/v1/audit/heads/latest.',
    );
  }
}

export class NoSuchLeaf extends DomainError {
  constructor(what: string) {
    super(
      'not-found',
      'audit-leaf-not-found',
      `${what} is not in the audit tree: name an event of a stream that is not the system's, by its id or its position.`,
    );
  }
}

export class NoSuchHead extends DomainError {
  constructor() {
    super('not-found', 'audit-head-not-found', 'No head has been signed yet. Ask again in a minute.');
  }
}

defineProblems({
  'audit-tree-incomplete': {
    kind: 'unavailable',
    title: 'The audit tree does not reach so far yet',
    cure: 'Send the request again in a moment.',
  },
  'audit-leaf-not-found': {
    kind: 'not-found',
    title: 'The event is not in the audit tree',
    cure: "Name an event of a stream that is not the system's, by its id or its position.",
  },
  'audit-head-not-found': {
    kind: 'not-found',
    title: 'No head of the audit tree has been signed yet',
    cure: 'Ask again once PERDURE_AUDIT_EVERY has passed since the first event.',
  },
});
