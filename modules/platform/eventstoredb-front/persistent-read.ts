import { randomUUID } from 'node:crypto';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import type { Answers } from './calls.js';
import { type UuidForm, uuidOf } from './identifiers.js';
import type { Consumer } from './persistent-consumer.js';
import type { NackAction } from './persistent-delivery.js';
import type { PersistentGroup } from './persistent-group.js';
import type { Message } from './persistent-message.js';
import { logPosition } from './positions.js';
import { InvalidRequest } from './protocol-errors.js';
import { recordedMessage } from './recorded-messages.js';

type ReadAnswers = Answers<persistent.ReadResp>;
type Caller = Pick<Consumer, 'connectionName' | 'user' | 'from'>;

const { Action } = persistent.ReadReq.Nack;
/** What is not among them means to try again, but for the stop. */
const ACTIONS: Partial<Record<number, NackAction>> = { [Action.PARK]: 'park', [Action.SKIP]: 'skip' };

/**
 * Sends a group's events to one consumer, and takes what it says of them, until the call ends from either side. Rejects with the
 * reason where the group drops the consumer.
 */
export async function readGroup(
  group: PersistentGroup,
  options: persistent.ReadReq.Options,
  caller: Caller,
  requests: AsyncIterator<persistent.ReadReq>,
  answers: ReadAnswers,
): Promise<void> {
  const bufferSize = options.getBufferSize();
  if (bufferSize < 1) throw new InvalidRequest(`The buffer_size is ${bufferSize}; it must be at least 1.`);
  let sending = Promise.resolve();
  // Nobody waits for it: the buffer size bounds what can queue up here. A call that has ended is disconnected in a moment.
  const send = (answer: persistent.ReadResp): void => {
    sending = sending.then(() => answers.send(answer)).catch(() => undefined);
  };
  const uuids: UuidForm = options.getUuidOption()?.hasString() ? 'string' : 'structured';
  const dropped = Promise.withResolvers<never>();
  const consumer: Consumer = {
    ...caller,
    id: randomUUID(),
    bufferSize,
    deliver: (message) => send(eventAnswer(message, uuids)),
    drop: (reason) => dropped.reject(reason),
  };
  group.connect(consumer, () => send(confirmation(group)));
  try {
    await Promise.race([obey(group, consumer, requests), dropped.promise]);
  } finally {
    group.disconnect(consumer.id);
  }
}

async function obey(
  group: PersistentGroup,
  { id }: Consumer,
  requests: AsyncIterator<persistent.ReadReq>,
): Promise<void> {
  for (;;) {
    const next: IteratorResult<persistent.ReadReq, unknown> = await requests.next();
    if (next.done) return;
    const request = next.value;
    const ack = request.getAck();
    const nack = request.getNack();
    if (ack) group.acknowledge(ack.getIdsList().map(uuidOf));
    else if (!nack) throw new InvalidRequest('After the first request there can only be acknowledgements.');
    else if (nack.getAction() === Action.STOP) group.drop(id);
    else group.reject(id, nack.getIdsList().map(uuidOf), ACTIONS[nack.getAction()] ?? 'retry', nack.getReason());
  }
}

function confirmation({ entry: { source, group } }: PersistentGroup): persistent.ReadResp {
  const confirmed = new persistent.ReadResp.SubscriptionConfirmation().setSubscriptionId(`${source}::${group}`);
  return new persistent.ReadResp().setSubscriptionConfirmation(confirmed);
}

function eventAnswer({ resolved, retryCount }: Message, uuids: UuidForm): persistent.ReadResp {
  const { RecordedEvent } = persistent.ReadResp.ReadEvent;
  const event = new persistent.ReadResp.ReadEvent();
  if (resolved.event) event.setEvent(recordedMessage(RecordedEvent, resolved.event, uuids));
  if (resolved.link) event.setLink(recordedMessage(RecordedEvent, resolved.link, uuids));
  event.setCommitPosition(logPosition((resolved.link ?? resolved.event)!.position).commit);
  event.setRetryCount(retryCount);
  return new persistent.ReadResp().setEvent(event);
}
