import type { IGossipServer } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import type { Clock } from '#kernel/clock';
import { type CallScope, unary } from './calls.js';
import { uuidMessage } from './identifiers.js';

const { LEADER } = gossip.MemberInfo.VNodeState;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Member {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
}

/** The Gossip service: a cluster of one member, who leads it, at the address by which the caller came here. */
export function gossipHandlers(scope: CallScope, member: Member): IGossipServer {
  return { read: unary(scope, async (_, __, calledAs) => clusterInfo(member, calledAs)) };
}

function clusterInfo({ id, endpoint, clock }: Member, calledAs: string): gossip.ClusterInfo {
  const { host, port } = endpointOf(calledAs) ?? endpoint;
  const member = new gossip.MemberInfo()
    .setInstanceId(uuidMessage(id, 'string'))
    .setTimeStamp(String(BigInt(clock.now().getTime()) * 10_000n))
    .setState(LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
  return new gossip.ClusterInfo().setMembersList([member]);
}

/** The parts of an HTTP authority such as `db.local:2113` or `[::1]:2113`. */
function endpointOf(authority: string): Endpoint | undefined {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(authority) ?? [];
  return host && port ? { host, port: Number(port) } : undefined;
}
