import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { ServiceDefinition } from '@grpc/grpc-js';

/**
 * The EventStoreDB whose protocol this is, not ours: clients choose by it what to use. From 23.10 on a subscription says when it
 * has caught up.
 */
const PROTOCOL_VERSION = '23.10.0';

/** ServerFeatures.GetSupportedMethods: what is served, and nothing else. */
export function supportedMethods(services: readonly ServiceDefinition[]): features.SupportedMethods {
  const methods = services.flatMap((service) => Object.values(service).map(({ path }) => supportedMethod(path)));
  return new features.SupportedMethods().setEventStoreServerVersion(PROTOCOL_VERSION).setMethodsList(methods);
}

function supportedMethod(path: string): features.SupportedMethod {
  const [, service = '', method = ''] = path.toLowerCase().split('/');
  return new features.SupportedMethod()
    .setServiceName(service)
    .setMethodName(method)
    .setFeaturesList(featuresOf(service, method));
}

/** `deadline_duration` of BatchAppend is left out: its messages here have no field for it. */
function featuresOf(service: string, method: string): string[] {
  if (service.endsWith('persistentsubscriptions')) return ['stream', 'all'];
  if (service.endsWith('streams.streams') && method === 'read') return ['position', 'events'];
  return [];
}
