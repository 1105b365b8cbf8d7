import service, { type IPersistentSubscriptionsServer } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { Logger } from '@nestjs/common';
import type { Clock } from '#kernel/clock';
import type { Ids } from '#kernel/ids';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Caller } from './access.js';
import { bidirectional, type CallScope, unary } from './calls.js';
import { streamNameOf } from './identifiers.js';
import { CONFIGURATION_STREAM } from './persistent-configuration.js';
import { GroupDoesNotExist } from './persistent-errors.js';
import { PersistentGroups } from './persistent-groups.js';
import { subscriptionInfo } from './persistent-info.js';
import { readGroup } from './persistent-read.js';
import { createRequest, groupNameOf, updateRequest } from './persistent-requests.js';
import { ALL } from './persistent-settings.js';
import { FrontClosing, InvalidRequest } from './protocol-errors.js';

export interface PersistentSubscriptionsOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** See {@link PersistentGroups}. */
  readonly tickMs?: number;
  readonly warn?: (message: string) => void;
}

export interface PersistentSubscriptionsService {
  readonly definition: typeof service.PersistentSubscriptionsService;
  readonly handlers: IPersistentSubscriptionsServer;
  /** Writes the checkpoints. To be called before the store is closed, best after the last call. */
  close(): Promise<void>;
}

/**
 * The PersistentSubscriptions service. Whoever may write the configuration's stream may change groups; whoever may read a group's
 * source may consume.
 */
export function persistentSubscriptionsService(
  scope: CallScope,
  options: PersistentSubscriptionsOptions,
): PersistentSubscriptionsService {
  const groups = new PersistentGroups({ warn: warnings(options.clock), ...options });
  scope.closing.addEventListener('abort', () => groups.stop(), { once: true });
  const mayChange = (caller: Caller): Promise<void> => caller.mayWrite(CONFIGURATION_STREAM);
  const handlers: IPersistentSubscriptionsServer = {
    create: unary(scope, async (request, caller) => {
      await mayChange(caller);
      const { name, settings, filter } = createRequest(request);
      await groups.create(name, settings, filter, nameOf(caller));
      return new persistent.CreateResp();
    }),
    update: unary(scope, async (request, caller) => {
      await mayChange(caller);
      const { name, settings } = updateRequest(request);
      await groups.update(name, settings, nameOf(caller));
      return new persistent.UpdateResp();
    }),
    delete: unary(scope, async (request, caller) => {
      await mayChange(caller);
      await groups.delete(groupNameOf(request.getOptions()), nameOf(caller));
      return new persistent.DeleteResp();
    }),
    getInfo: unary(scope, async (request, caller) => {
      await caller.mayRead(CONFIGURATION_STREAM);
      const group = await groups.get(groupNameOf(request.getOptions()));
      return new persistent.GetInfoResp().setSubscriptionInfo(await subscriptionInfo(group));
    }),
    list: unary(scope, async (request, caller) => {
      await caller.mayRead(CONFIGURATION_STREAM);
      return list(groups, request);
    }),
    replayParked: unary(scope, async (request, caller) => {
      await mayChange(caller);
      await replayParked(groups, request);
      return new persistent.ReplayParkedResp();
    }),
    restartSubsystem: unary(scope, async (_, caller) => {
      await mayChange(caller);
      await groups.restart();
      return new shared.Empty();
    }),
    read: (call) => {
      const [connectionName = ''] = call.metadata.get('connection-name');
      const known = { connectionName: String(connectionName), from: call.getPeer() };
      bidirectional<persistent.ReadReq, persistent.ReadResp>(scope, async (requests, answers, caller) => {
        const iterator = requests[Symbol.asyncIterator]();
        const { value: first } = (await iterator.next()) as IteratorResult<persistent.ReadReq, undefined>;
        const wanted = first?.getOptions();
        if (!wanted) throw new InvalidRequest('The first request must have options.');
        const name = groupNameOf(wanted);
        await caller.mayRead(name.source);
        const group = await groups.working(name);
        await readGroup(group, wanted, { ...known, user: nameOf(caller) }, iterator, answers);
        if (scope.closing.aborted) throw new FrontClosing();
      })(call);
    },
  };
  return { definition: service.PersistentSubscriptionsService, handlers, close: () => groups.close() };
}

async function list(groups: PersistentGroups, request: persistent.ListReq): Promise<persistent.ListResp> {
  const ofStream = request.getOptions()?.getListForStream();
  const source = ofStream && (ofStream.hasAll() ? ALL : streamNameOf(ofStream.getStream()));
  const found = await groups.list(source);
  if (source !== undefined && found.length === 0) throw new GroupDoesNotExist({ source, group: '' });
  return new persistent.ListResp().setSubscriptionsList(await Promise.all(found.map(subscriptionInfo)));
}

async function replayParked(groups: PersistentGroups, request: persistent.ReplayParkedReq): Promise<void> {
  const options = request.getOptions();
  const group = await groups.working(groupNameOf(options));
  const stopAt = options?.hasStopAt() ? Number(options.getStopAt()) : undefined;
  if (stopAt !== undefined && stopAt < 0) throw new InvalidRequest(`stop_at is ${stopAt}; it must not be negative.`);
  await group.replayParked(stopAt);
}

/** Clients send no name over a channel without TLS, where EventStoreDB takes everybody for the administrator. */
function nameOf(caller: Caller): string {
  return caller.username ?? 'admin';
}

const QUIET_MS = 10_000;

/** Says the same thing once in ten seconds at most, however often it is tried again. */
function warnings(clock: Clock): (message: string) => void {
  const logger = new Logger('PersistentSubscriptions');
  let last = { message: '', at: 0 };
  return (message) => {
    const at = clock.now().getTime();
    if (message === last.message && at - last.at < QUIET_MS) return;
    last = { message, at };
    logger.warn(message);
  };
}
