import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import type { Connection } from './persistent-consumer.js';
import type { PersistentGroup } from './persistent-group.js';

/** What a group is, and what it is doing, as a message. Begins new counts since the last measurement. */
export async function subscriptionInfo(group: PersistentGroup): Promise<persistent.SubscriptionInfo> {
  const { source, group: name, settings } = group.entry;
  const status = await group.status();
  const info = new persistent.SubscriptionInfo();
  info.setEventSource(source);
  info.setGroupName(name);
  info.setStatus(
    [status.live ? 'Live' : 'Behind', ...(status.replaying ? ['ReplayingParkedMessages'] : [])].join(', '),
  );
  info.setConnectionsList(group.connections.map(connectionInfo));
  info.setAveragePerSecond(status.throughput.perSecond);
  info.setTotalItems(String(status.throughput.total));
  info.setCountSinceLastMeasurement(String(status.throughput.sinceMeasured));
  info.setLastCheckpointedEventPosition(status.lastCheckpoint);
  info.setLastKnownEventPosition(status.lastKnown);
  info.setReadBufferCount(status.live ? 0 : status.ready);
  info.setLiveBufferCount(String(status.live ? status.ready : 0));
  info.setRetryBufferCount(status.retries);
  info.setTotalInFlightMessages(status.inFlight);
  info.setOutstandingMessagesCount(status.outstanding);
  info.setParkedMessageCount(String(status.parked));
  info.setResolveLinkTos(settings.resolveLinks);
  info.setStartFrom(settings.startFrom);
  info.setMessageTimeoutMilliseconds(settings.messageTimeoutMs);
  info.setExtraStatistics(settings.extraStatistics);
  info.setMaxRetryCount(settings.maxRetryCount);
  info.setLiveBufferSize(settings.liveBufferSize);
  info.setBufferSize(settings.historyBufferSize);
  info.setReadBatchSize(settings.readBatchSize);
  info.setCheckPointAfterMilliseconds(settings.checkpointAfterMs);
  info.setMinCheckPointCount(settings.minCheckpointCount);
  info.setMaxCheckPointCount(settings.maxCheckpointCount);
  info.setNamedConsumerStrategy(settings.consumerStrategy);
  info.setMaxSubscriberCount(settings.maxSubscriberCount);
  return info;
}

function connectionInfo({
  consumer,
  throughput,
  latencies,
  inFlight,
  room,
}: Connection): persistent.SubscriptionInfo.ConnectionInfo {
  const { total, sinceMeasured, perSecond } = throughput.measure();
  const info = new persistent.SubscriptionInfo.ConnectionInfo();
  info.setFrom(consumer.from);
  info.setUsername(consumer.user);
  info.setConnectionName(consumer.connectionName);
  info.setAverageItemsPerSecond(perSecond);
  info.setTotalItems(String(total));
  info.setCountSinceLastMeasurement(String(sinceMeasured));
  info.setAvailableSlots(room);
  info.setInFlightMessages(inFlight);
  const measured = [...(latencies?.summary() ?? [])].map(([key, ms]) =>
    new persistent.SubscriptionInfo.Measurement().setKey(key).setValue(String(ms)),
  );
  info.setObservedMeasurementsList(measured);
  return info;
}
