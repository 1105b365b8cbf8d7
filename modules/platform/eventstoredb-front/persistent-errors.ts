import { status } from '@grpc/grpc-js';
import type { GroupName } from './persistent-settings.js';
import { ProtocolError } from './protocol-errors.js';

function about(exception: string, { source, group }: GroupName): Readonly<Record<string, string>> {
  return { exception, 'stream-name': source, 'group-name': group };
}

/** The words are the server's: clients and their tests know them. */
export class GroupDoesNotExist extends ProtocolError {
  constructor(name: GroupName) {
    const message = `Subscription group ${name.group} on stream ${name.source} does not exist.`;
    super(status.NOT_FOUND, message, about('persistent-subscription-does-not-exist', name));
  }
}

export class GroupExists extends ProtocolError {
  constructor(name: GroupName) {
    const message = `Subscription group ${name.group} on stream ${name.source} exists. Update it, or choose another name.`;
    super(status.ALREADY_EXISTS, message, about('persistent-subscription-exists', name));
  }
}

export class MaximumSubscribersReached extends ProtocolError {
  constructor(name: GroupName, limit: number) {
    const message = `Subscription group ${name.group} on stream ${name.source} has ${limit} subscribers, which is its limit (maxSubscriberCount).`;
    super(status.FAILED_PRECONDITION, message, about('maximum-subscribers-reached', name));
  }
}

/** The group was changed, deleted or restarted, or the consumer asked for it. Whoever still needs it subscribes again. */
export class SubscriptionDropped extends ProtocolError {
  constructor(name: GroupName) {
    const message = `Subscription group ${name.group} on stream ${name.source} was dropped. Subscribe again.`;
    super(status.CANCELLED, message, about('persistent-subscription-dropped', name));
  }
}
