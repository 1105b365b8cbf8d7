import { hash } from 'node:crypto';
import type { EventMetadata } from '#kernel/event';
import { uuidv8 } from '#kernel/ids';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { SealingEvent } from './sealing.events.js';

/** An object of Perdure's own: nobody can have a noun of that name. */
const STREAM = 'main.system-sealing';
/** Always the same, so that whoever says it second changes nothing. */
const EVENT_ID = uuidv8(hash('sha256', 'perdure: sealing began', 'buffer'));

/** Whether anything was ever sealed among these events: also where the keys were left behind, as in a copy of the events alone. */
export async function sealingBegan(events: EventStore): Promise<boolean> {
  return (await events.read(STREAM, { limit: 1 })).lastRevision >= 0;
}

/** Says so, once and for all; durable when it resolves. */
export async function beginSealing(events: EventStore, now: Date): Promise<void> {
  const metadata: EventMetadata = {
    tenant: 'main',
    actor: { type: 'system', id: 'erasure' },
    commandId: EVENT_ID,
    correlationId: EVENT_ID,
    causationId: EVENT_ID,
    schemaVersion: 1,
    occurredAt: now.toISOString(),
  };
  const event: SealingEvent = { type: 'system.sealingBegan', data: {} };
  await events.append(STREAM, 'any', [{ id: EVENT_ID, ...event, metadata }]);
}
