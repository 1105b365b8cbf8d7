import { systemIds } from '#kernel/ids';
import type { EventMetadata } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { EventStore, NewEvent } from '#platform/event-store/event-store.port';

/** A thing of the size that things have. */
export const anOrder: JsonObject = {
  customer: 'Grace Murray',
  channel: 'shop',
  total: 129.95,
  paid: false,
  address: { street: 'Harbour Road 12', city: 'Vlissingen', country: 'NL' },
  lines: [
    { article: 'A-1201', quantity: 2, price: 40 },
    { article: 'B-0077', quantity: 1, price: 49.95 },
  ],
};

/** An event as dispatch would have stored it. */
export function thingEvent(type: string, data: object): NewEvent {
  const commandId = systemIds.next();
  const metadata: EventMetadata = {
    ...{ tenant: 'main', actor: { type: 'anonymous', id: 'anonymous' }, commandId },
    ...{ correlationId: commandId, causationId: commandId, schemaVersion: 1, occurredAt: new Date().toISOString() },
  };
  return { id: systemIds.next(), type, data, metadata };
}

/** Stores so many things `<noun>-seed-<n>` of so many events each, at the speed of bulk appends. */
export async function seedThings(store: EventStore, noun: string, things: number, eventsEach: number): Promise<void> {
  const append = (n: number) =>
    store.append(
      `main.${noun}-seed-${n}`,
      'none',
      Array.from({ length: eventsEach }, (_, revision) =>
        revision === 0
          ? thingEvent(`${noun}.created`, { data: anOrder })
          : thingEvent(`${noun}.paid`, { data: { clerk: 'Noor' }, set: { total: revision } }),
      ),
    );
  for (let first = 0; first < things; first += 1_000) {
    await Promise.all(Array.from({ length: Math.min(1_000, things - first) }, (_, n) => append(first + n)));
  }
}
