import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { projected } from '#kernel/projection-specification';
import { auditProjection } from './audit.projection.js';
import { auditDaysProjection } from './audit-days.projection.js';
import { MAX_TEXT } from './audit-text.js';

const stream = 'main.Customer-ada-1';
const metadata = {
  actor: { type: 'user', id: 'Grace' },
  reason: 'She moved',
  correlationId: 'r-1',
  causationId: 'c-0',
};
const moved = {
  type: 'Customer.moved',
  data: { set: { city: 'Paris', rooms: [{ name: 'Attic' }] } },
  stream,
  metadata,
};
const refused = {
  type: 'audit.commandRefused',
  stream: 'main.audit-2026-01-01',
  data: {
    ...{ command: 'ActOnThing', commandId: 'k-1', object: { type: 'Customer', id: 'ada-1' } },
    ...{ code: 'thing-not-found', kind: 'not-found' },
  },
};
const failed = { ...refused, type: 'audit.commandFailed', data: { ...refused.data, code: 'internal-error' } };

describe('the audit read model', () => {
  const documents = (...events: object[]) => projected(auditProjection)(...(events as never[]));
  const only = (event: object) => Object.values(documents(event))[0]!;

  it('has a document for each event: who, on what, when, why, because of what', () => {
    const [first, second] = Object.values(documents(moved, { ...moved, recordedAt: '2026-01-02T00:00:00.000Z' }));
    expect(first).toEqual({
      ...{ tenant: 'main', actorType: 'user', actor: 'Grace', type: 'Customer.moved', reason: 'She moved' },
      ...{ objectType: 'Customer', objectId: 'ada-1', stream, revision: 0, position: '1', eventId: 'event-1' },
      ...{ correlationId: 'r-1', causationId: 'c-0', commandId: 'command-1', refused: null },
      ...{ occurredAt: Date.UTC(2026, 0, 1), recordedAt: Date.UTC(2026, 0, 1) },
      text: 'customer.moved customer ada-1 user grace she moved paris attic',
    });
    expect(second).toMatchObject({ revision: 1, position: '2', recordedAt: Date.UTC(2026, 0, 2) });
  });
  it('gives documents ids in the order of the log', () => {
    const at = (position: string) => auditProjection.key({ position } as Recorded)!;
    expect([at('10'), at('9'), at('18446744073709551615')].sort()).toEqual([
      at('9'),
      at('10'),
      at('18446744073709551615'),
    ]);
  });
  it('counts a refusal to what it was addressed to, and to the command whose id its client chose', () => {
    expect(only(refused)).toMatchObject({
      ...{ objectType: 'Customer', objectId: 'ada-1', refused: 'thing-not-found', commandId: 'k-1' },
      ...{ stream: 'main.audit-2026-01-01', tenant: 'main' },
    });
    expect(only({ ...refused, data: { ...refused.data, object: { type: 'Customer' } } })).toMatchObject({
      ...{ objectType: 'Customer', objectId: null },
    });
  });
  it('never finds what is sealed, and is bounded', () => {
    const secret = { name: { $sealed: 'token' }, notes: ['x'.repeat(2 * MAX_TEXT)] };
    const { text } = only({ ...moved, data: secret });
    expect(text).not.toContain('token');
    expect(text).toHaveLength(MAX_TEXT);
  });
  it('takes what others wrote as it is', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const theirs = [
      { type: 'x', data: bytes, metadata: bytes, stream: 'invoice-7' },
      { type: 'x', data: null, metadata: null, stream: '-' },
      { type: '', data: 'text', metadata: { actor: 'me', occurredAt: 'yesterday', reason: 5 }, stream: 'a.b' },
      { type: 'audit.commandRefused', data: {}, metadata: [], stream: 'main.audit-x' },
      { type: 'audit.commandRefused', data: null, metadata: [], stream: 'main.audit-x' },
    ];
    for (const event of theirs) {
      const recorded = { ...event, id: 'e', revision: 0, position: '3', recordedAt: '2026-01-01T00:00:00Z' };
      const document = auditProjection.evolve(null, recorded as unknown as Recorded);
      expect(document).toMatchObject({ actor: 'unknown', occurredAt: Date.UTC(2026, 0, 1), refused: null });
    }
  });
});

describe('the days of the audit', () => {
  const days = (...events: object[]) => Object.values(projected(auditDaysProjection)(...(events as never[])));

  it('count by day, actor, type, object type and refusal', () => {
    const later = { ...moved, recordedAt: '2026-01-01T23:59:59.999Z' };
    const tomorrow = { ...moved, recordedAt: '2026-01-02T00:00:00.000Z' };
    const counted = days(moved, later, tomorrow, refused, failed);
    expect(counted.map(({ day, type, refused: code, count }) => [day, type, code, count])).toEqual([
      ['2026-01-01', 'Customer.moved', null, 2],
      ['2026-01-02', 'Customer.moved', null, 1],
      ['2026-01-01', 'audit.commandRefused', 'thing-not-found', 1],
      ['2026-01-01', 'audit.commandFailed', 'internal-error', 1],
    ]);
    expect(counted[0]).toMatchObject({
      first: { position: '1' },
      last: { position: '2' },
      latest: Date.UTC(2026, 0, 2) - 1,
    });
  });
});
