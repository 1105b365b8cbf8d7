import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventOf } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { enclose, type Envelope } from '#platform/dispatch/envelope';
import { Objects } from '#platform/dispatch/objects';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { ObservabilityModule } from '#platform/observability/observability.module';
import { Metrics } from '#platform/observability/metrics';
import { PlatformModule } from '#platform/platform.module';
import { RefusalsModule } from './refusals.module.js';

class Open extends Command {
  doorId?: string;
  why?: 'locked' | 'broken' | 'busy' | 'malformed';
}

type Door = { status: 'absent' } | { status: 'open' };
const door = objectType<Door, EventOf<'door.opened', object>>('door', { status: 'absent' }, () => ({
  status: 'open',
})).on(Open, (_, { why }) => {
  if (why === 'locked') throw new DomainError('forbidden', 'locked', 'The door of Ada is locked.');
  if (why === 'busy') throw new DomainError('unavailable', 'busy', 'Wait.');
  if (why === 'malformed') throw new DomainError('invalid', 'invalid-input', 'No.');
  if (why === 'broken') throw new Error('a secret of the inside');
  return [{ type: 'door.opened', data: {} }];
});

const NOW = new Date('2026-01-31T09:30:00Z');
let module: TestingModule;
let store: EventStore;

beforeEach(async () => {
  Logger.overrideLogger(false);
  module = await Test.createTestingModule({
    imports: [
      PlatformModule.forRoot({
        stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
        dispatch: { cachedObjects: 10, snapshotEvery: 100 },
        clock: { now: () => NOW },
      }),
      PlatformModule.forObjects([door]),
      ObservabilityModule,
      RefusalsModule,
    ],
  }).compile();
  await module.init();
  store = module.get(EVENT_STORE);
});
afterEach(() => module.close());

const envelope: Envelope = {
  ...{ tenant: 'acme', actor: { type: 'user', id: 'bob' }, correlationId: 'r-1', reason: 'In a hurry' },
  ...{ idempotencyKey: 'k', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
};
const send = (why: Open['why'], doorId: string | undefined = 'a', sent = envelope) =>
  module.get(CommandBus).execute(enclose(Open.of({ doorId, why }), sent));
const recorded = async () => (await store.read('acme.audit-2026-01-31')).events;

describe('a refused command', () => {
  it('is recorded before its sender is told, with who and why, and without what was sent', async () => {
    await expect(send('locked')).rejects.toMatchObject({ code: 'locked' });
    const [event] = await recorded();
    expect(event).toMatchObject({
      type: 'audit.commandRefused',
      metadata: {
        ...{ tenant: 'acme', actor: envelope.actor, correlationId: 'r-1', reason: 'In a hurry' },
        ...{ traceparent: envelope.traceparent, occurredAt: NOW.toISOString(), schemaVersion: 1 },
      },
    });
    expect(event!.data).toEqual({
      ...{ command: 'Open', object: { type: 'door', id: 'a' }, code: 'locked', kind: 'forbidden' },
      commandId: expect.any(String),
    });
    expect(event!.metadata.commandId).not.toBe((event!.data as { commandId: string }).commandId);
  });

  it('is recorded as failed where nobody foresaw it', async () => {
    await expect(send('broken', undefined)).rejects.toThrow('a secret');
    const [event] = await recorded();
    expect(event).toMatchObject({ type: 'audit.commandFailed', data: { code: 'internal-error' } });
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  it('is not recorded where a retry mends it, or where it was no command', async () => {
    for (const why of ['busy', 'malformed'] as const) await expect(send(why)).rejects.toThrow();
    await send(undefined);
    expect(await recorded()).toEqual([]);
  });

  it('is refused all the same where it cannot be recorded, and counted', async () => {
    const append = store.append.bind(store);
    store.append = (stream, ...rest) =>
      stream.includes('.audit-') ? Promise.reject(new StoreUnavailable('Away.')) : append(stream, ...rest);
    await expect(send('locked')).rejects.toMatchObject({ code: 'locked' });
    expect(await module.get(Metrics).text([])).toContain('perdure_audit_refusals_lost 1\n');
  });

  it('counts on the day that it was refused on', async () => {
    await Promise.allSettled(
      [...Array<Open['why']>(20).fill('locked'), 'broken' as const].map((why) =>
        send(why, 'a', { ...envelope, idempotencyKey: undefined }),
      ),
    );
    const { state } = await module.get(Objects).load('acme', { type: 'audit', id: '2026-01-31' });
    expect(state).toEqual({ status: 'kept', refused: 20, failed: 1 });
  });
});
