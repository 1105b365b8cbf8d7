import { START } from '@eventstore/db-client';
import type { Json, JsonObject } from '#kernel/json';
import { EventStoreDbConnection } from '#platform/event-store/eventstoredb-connection';
import { ThingsClient } from '#test/support/things-client';
import type { Asked, Load } from './load.js';

/** An event of the load's things, as the server has it. */
interface Found {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  /** Key of the command that led to it. */
  readonly command: string;
  readonly set: JsonObject;
}

interface Data {
  readonly data?: { readonly command?: string };
  readonly set?: JsonObject;
}

/** What the server has of a load, read by the official client and beside every proxy. */
export async function eventsOf(url: string, noun: string): Promise<readonly Found[]> {
  const connection = await EventStoreDbConnection.open(url, 5_000);
  const found: Found[] = [];
  try {
    for await (const { event } of connection.client.readAll({ fromPosition: START })) {
      if (!event?.streamId.startsWith(`main.${noun}-`)) continue;
      const { data, set } = event.data as unknown as Data;
      const made = event.type === `${noun}.created` ? (data as JsonObject) : set!;
      const { id, streamId, revision } = event;
      found.push({ id, stream: streamId, revision: Number(revision), command: data!.command!, set: made });
    }
  } finally {
    await connection.close();
  }
  return found;
}

/** What is wrong with the events of a load; nothing, if all is well. Scheduled commands may still be on their way. */
export function wrongWith(load: Load, events: readonly Found[]): string[] {
  const wrong: string[] = [];
  const expect = (isRight: boolean, words: string): void => void (isRight || wrong.push(words));
  const asked = new Map<string, Asked>(load.asked.map((each) => [each.key, each]));

  const lengths = new Map<string, number>();
  const byCommand = new Map<string, Found>();
  for (const event of events) {
    const { stream, revision, command } = event;
    const next = lengths.get(stream) ?? 0;
    expect(revision === next, `${stream} goes on with revision ${revision} where ${next} should be`);
    lengths.set(stream, revision + 1);
    expect(!byCommand.has(command), `${command} was carried out twice`);
    expect(asked.has(command), `${command} was carried out, and nobody asked for it`);
    byCommand.set(command, event);
  }
  expect(new Set(events.map(({ id }) => id)).size === events.length, 'two events have the same id');

  for (const { key, kind, revision } of load.acknowledged) {
    // The answer is about the schedule; its command comes later.
    if (kind === 'schedule') continue;
    const event = byCommand.get(key);
    expect(event !== undefined, `${key} was acknowledged and is lost`);
    expect(
      !event || event.revision === revision,
      `${key} was acknowledged as revision ${revision}, not ${event?.revision}`,
    );
  }
  const answered = new Set(load.acknowledged.map(({ key }) => key));
  const forgotten = load.asked.filter(({ key, patient }) => patient && !answered.has(key));
  expect(forgotten.length === load.strange.length, `patient clients have no answer: ${forgotten[0]?.key}`);
  return wrong;
}

/** Keys of the schedules that were acknowledged and are not carried out. */
export function overdue(load: Load, events: readonly Found[]): string[] {
  const done = new Set(events.map(({ command }) => command));
  return load.acknowledged.filter(({ key, kind }) => kind === 'schedule' && !done.has(key)).map(({ key }) => key);
}

/** Every thing as its events make it: its revision and its own data. */
export function folded(events: readonly Found[]): Record<string, Json> {
  const things = new Map<string, { $revision: number; [name: string]: Json }>();
  for (const { stream, revision, set } of events) {
    const id = stream.slice(stream.indexOf('-') + 1);
    things.set(id, { ...things.get(id), ...set, $revision: revision });
  }
  return Object.fromEntries(things);
}

/** Every thing as an API lists it, once the list has so many events. */
export async function listed(api: string, noun: string, events: number): Promise<Record<string, Json>> {
  const things = await new ThingsClient(api).settled(noun, events);
  return Object.fromEntries(
    things.map(({ $id, $type: _type, $created_at: _created, $updated_at: _updated, ...rest }) => [$id, rest]),
  );
}
