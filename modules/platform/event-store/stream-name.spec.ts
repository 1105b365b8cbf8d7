import { describe, expect, it } from '@jest/globals';
import { InvalidStreamName } from './event-store.errors.js';
import { checkStreamName, describedStreamOf, metadataStreamOf, parseStreamName, streamName } from './stream-name.js';

describe('the name of an object’s stream', () => {
  it('has the tenant, the type and the id', () => {
    const name = streamName('acme', { type: 'task', id: 'a-b.c 世界' });
    expect(name).toBe('acme.task-a-b.c 世界');
    expect(parseStreamName(name)).toEqual({ tenant: 'acme', type: 'task', id: 'a-b.c 世界' });
  });

  it.each([
    ...['', 'task', 'main.task', 'task-a', 'main.task-', 'main.-a', '.task-a', '$all', 'main.ta sk-a', 'a.b-c\n'],
    ...['$main.task-a', '$$main.task-a', `main.task-${'x'.repeat(201)}`],
  ])('is not %j', (name) => {
    expect(() => parseStreamName(name)).toThrow(InvalidStreamName);
  });
});

describe('the name of any stream', () => {
  it.each([
    'orders',
    '$ours',
    '$$orders',
    '$$$ours',
    '$$$all',
    '$$$$orders',
    'a b',
    '-',
    'x'.repeat(500),
    `$$${'x'.repeat(500)}`,
  ])('may be %j', (name) => {
    expect(() => checkStreamName(name)).not.toThrow();
  });

  it.each(['', '$$', '$all', '\u0007', 'a\u2028b', '\udc00', 'x'.repeat(501), `$$${'x'.repeat(501)}`])(
    'may not be %j',
    (name) => {
      expect(() => checkStreamName(name)).toThrow(InvalidStreamName);
    },
  );

  it('has the metadata stream of the same name behind $$', () => {
    expect(metadataStreamOf('orders')).toBe('$$orders');
    expect(metadataStreamOf('$ours')).toBe('$$$ours');
    expect(describedStreamOf('$$orders')).toBe('orders');
    expect(describedStreamOf('$$$ours')).toBe('$ours');
  });

  it('has no metadata stream where it is one', () => {
    expect(() => metadataStreamOf('$$orders')).toThrow(InvalidStreamName);
    for (const name of ['orders', '$ours', '$$$$orders']) expect(describedStreamOf(name)).toBeUndefined();
  });
});
