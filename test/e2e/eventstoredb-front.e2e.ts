import {
  AccessDeniedError,
  BACKWARDS,
  binaryEvent,
  DeadlineExceededError,
  END,
  type EventData,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { FrontAccess } from '#platform/eventstoredb-front/access';
import { collect, servedStore } from '#test/support/served-store';

/** Credentials make the client use the classic append; without them it appends in batches. */
const ways = [
  ['batch append', {}],
  ['classic append', { credentials: { username: 'admin', password: 'changeit' } }],
] as const;

function notes(count: number, type = 'noted'): EventData[] {
  return Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));
}

const served = servedStore();
const client = () => served().client;

async function revisions(events: AsyncIterable<{ event?: { revision: bigint } | undefined }>): Promise<number[]> {
  return (await collect(events)).map(({ event }) => Number(event!.revision));
}

describe.each(ways)('appending by %s', (way, options) => {
  const stream = (name: string): string => `${way} ${name}`;

  it('answers the last revision and its position', async () => {
    const first = await client().appendToStream(stream('answers'), notes(3), options);
    const second = await client().appendToStream(stream('answers'), notes(2), options);
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(second.nextExpectedRevision).toBe(4n);
    expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
    const [last] = await collect(client().readStream(stream('answers'), { direction: BACKWARDS, fromRevision: END }));
    expect(last!.event!.position).toEqual(second.position);
  });

  it('keeps content of every kind as it was written', async () => {
    const bytes = Uint8Array.from([0, 255, 128, 13, 10]);
    const events = [
      jsonEvent({ type: 'json', data: { text: '\u0018 Ę 🦃', large: 1e21, deep: [[{}]] }, metadata: { $by: 'me' } }),
      jsonEvent({ type: 'text', data: 'CC ‐ 1830' as never, metadata: Buffer.from('not JSON') }),
      binaryEvent({ type: 'bytes', data: bytes, metadata: { $by: 'me' } }),
      binaryEvent({ type: 'bytes', data: bytes, metadata: Uint8Array.from([1, 2]) }),
      binaryEvent({ type: 'bytes', data: new Uint8Array() }),
    ];
    await client().appendToStream(stream('kinds'), events, options);
    const read = (await collect(client().readStream(stream('kinds')))).map(({ event }) => event!);
    expect(read.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(read.map(({ isJson }) => isJson)).toEqual([true, true, false, false, false]);
    expect(read[0]).toMatchObject({ type: 'json', data: events[0]!.data, metadata: { $by: 'me' } });
    expect(read[1]!.data).toBe('CC ‐ 1830');
    expect(Buffer.from(read[1]!.metadata as Uint8Array).toString()).toBe('not JSON');
    expect(Buffer.from(read[2]!.data as Uint8Array)).toEqual(Buffer.from(bytes));
    expect(read[2]!.metadata).toEqual({ $by: 'me' });
    expect(Array.from(read[3]!.metadata as Uint8Array)).toEqual([1, 2]);
    expect(read[4]!.metadata).toBeUndefined();
  });

  it('checks the expected revision and says what there is', async () => {
    const name = stream('expectations');
    const append = (expectedRevision: bigint | 'no_stream' | 'stream_exists' | 'any') =>
      client().appendToStream(name, notes(1), { expectedRevision, ...options });
    const refused = (expectedVersion: unknown, actualVersion: unknown) => ({
      constructor: WrongExpectedVersionError,
      streamName: name,
      expectedVersion,
      actualVersion,
    });
    await expect(append(STREAM_EXISTS)).rejects.toMatchObject(refused(STREAM_EXISTS, NO_STREAM));
    await expect(append(1n)).rejects.toMatchObject(refused(1n, NO_STREAM));
    await append(NO_STREAM);
    await append(0n);
    await append(STREAM_EXISTS);
    await expect(append(NO_STREAM)).rejects.toMatchObject(refused(NO_STREAM, 2n));
    await expect(append(1n)).rejects.toMatchObject(refused(1n, 2n));
    expect(await append('any')).toMatchObject({ nextExpectedRevision: 3n });
  });

  it('answers a repeated append as the first time', async () => {
    const events = notes(2);
    const first = await client().appendToStream(stream('repeated'), events, {
      expectedRevision: NO_STREAM,
      ...options,
    });
    const again = await client().appendToStream(stream('repeated'), events, {
      expectedRevision: NO_STREAM,
      ...options,
    });
    expect(again).toEqual(first);
    expect(await revisions(client().readStream(stream('repeated')))).toEqual([0, 1]);
  });

  it('takes an append of nothing for a question', async () => {
    await client().appendToStream(stream('nothing'), notes(2), options);
    const answer = await client().appendToStream(stream('nothing'), [], { expectedRevision: 1n, ...options });
    expect(answer.nextExpectedRevision).toBe(1n);
    const wrong = client().appendToStream(stream('nothing'), [], { expectedRevision: 7n, ...options });
    await expect(wrong).rejects.toBeInstanceOf(WrongExpectedVersionError);
  });

  it('refuses an append that is too large, whole', async () => {
    const large = Array.from({ length: 3 }, () => jsonEvent({ type: 'large', data: { text: 'x'.repeat(600_000) } }));
    const append = client().appendToStream(stream('large'), large, options);
    await expect(append).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
    const one = jsonEvent({ type: 'large', data: { text: 'x'.repeat(2 ** 20) } });
    const single = client().appendToStream(stream('large'), one, options);
    await expect(single).rejects.toMatchObject({
      constructor: MaxAppendSizeExceededError,
      maxAppendSize: 2 ** 20,
    });
    await expect(collect(client().readStream(stream('large')))).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('takes many small events at once', async () => {
    await client().appendToStream(stream('many'), notes(5_000), { batchAppendSize: 1_024, ...options });
    expect(await revisions(client().readStream(stream('many')))).toHaveLength(5_000);
  });

  it('refuses an append to a stream with a tombstone', async () => {
    await client().appendToStream(stream('entombed'), notes(1), options);
    await client().tombstoneStream(stream('entombed'));
    const append = client().appendToStream(stream('entombed'), notes(1), options);
    await expect(append).rejects.toMatchObject({ constructor: StreamDeletedError, streamName: stream('entombed') });
  });

  it('gives up what its deadline has passed for', async () => {
    const append = client().appendToStream(stream('late'), notes(20_000), { deadline: 1, ...options });
    await expect(append).rejects.toBeInstanceOf(DeadlineExceededError);
    await expect(collect(client().readStream(stream('late')))).rejects.toBeInstanceOf(StreamNotFoundError);
  });
});

it('keeps the order of many appends that are under way at once', async () => {
  const appends = Array.from({ length: 3_000 }, (_, n) =>
    client().appendToStream('flood', jsonEvent({ type: 'n', data: { n } })),
  );
  await Promise.all(appends);
  const read = await collect(client().readStream('flood'));
  expect(read.map(({ event }) => (event!.data as { n: number }).n)).toEqual(appends.map((_, n) => n));
});

describe('reading a stream', () => {
  it('reads any part, in either direction', async () => {
    await client().appendToStream('parts', notes(8));
    const read = (options: Parameters<ReturnType<typeof client>['readStream']>[1]) =>
      revisions(client().readStream('parts', options));
    expect(await read({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await read({ fromRevision: 6n })).toEqual([6, 7]);
    expect(await read({ fromRevision: 5n, maxCount: 2 })).toEqual([5, 6]);
    expect(await read({ fromRevision: 99n })).toEqual([]);
    expect(await read({ fromRevision: END })).toEqual([]);
    expect(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual([7, 6]);
    expect(await read({ direction: BACKWARDS, fromRevision: 1n })).toEqual([1, 0]);
    expect(await read({ direction: BACKWARDS, fromRevision: 2n ** 64n - 1n, maxCount: 1 })).toEqual([7]);
  });

  it('gives each event its place in all, as it does where all is read', async () => {
    const { position } = await client().appendToStream('placed', notes(1));
    const [read] = await collect(client().readStream('placed'));
    expect(read).toMatchObject({ commitPosition: position!.commit, event: { position } });
  });

  it('tells when an event was recorded', async () => {
    const before = Date.now();
    await client().appendToStream('created', notes(1));
    const [read] = await collect(client().readStream('created'));
    expect(read!.event!.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(read!.event!.created.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('says that a stream was never there, or is not any more', async () => {
    await expect(collect(client().readStream('täglich'))).rejects.toMatchObject({
      constructor: StreamNotFoundError,
      streamName: 'täglich',
    });
    await client().appendToStream('gone', notes(1));
    await client().tombstoneStream('gone');
    await expect(collect(client().readStream('gone'))).rejects.toMatchObject({
      constructor: StreamDeletedError,
      streamName: 'gone',
    });
  });

  it('follows links if asked to', async () => {
    const link = (target: string): EventData => binaryEvent({ type: '$>', data: Buffer.from(target) });
    await client().appendToStream('a@b', notes(3));
    await client().appendToStream('dead', notes(1));
    await client().appendToStream('links', [
      link('2@a@b'),
      link('7@a@b'),
      link('0@dead'),
      link('nonsense'),
      ...notes(1),
    ]);
    await client().tombstoneStream('dead');
    const plain = await collect(client().readStream('links', { maxCount: 1 }));
    expect(plain[0]).toMatchObject({ event: { type: '$>' } });
    const followed = await collect(client().readStream('links', { resolveLinkTos: true }));
    const [target] = await collect(client().readStream('a@b', { fromRevision: 2n }));
    expect(followed[0]!.event).toEqual(target!.event);
    expect(followed[0]!.link).toMatchObject({ type: '$>', revision: 0n });
    for (const broken of followed.slice(1, 4)) {
      expect(broken.event).toBeUndefined();
      expect(broken.link).toMatchObject({ type: '$>' });
    }
    expect(followed[4]!.link).toBeUndefined();
  });
});

describe('reading all', () => {
  it('begins with the system events of a new store', async () => {
    const [first] = await collect(client().readAll({ maxCount: 1 }));
    expect(first!.event).toMatchObject({ streamId: '$settings', type: '$settings' });
  });

  it('reads forwards with the event at the position, backwards without it', async () => {
    const { position } = await client().appendToStream('all', notes(1));
    await client().appendToStream('all', notes(2));
    const read = async (direction: 'forwards' | 'backwards') => {
      const events = client().readAll({ direction, fromPosition: position!, maxCount: 2 });
      return (await collect(events)).map(({ event }) => event!.position.commit - position!.commit);
    };
    expect(await read('forwards')).toEqual([0n, 1n]);
    expect(await read('backwards')).toEqual([-1n, -2n]);
    const last = await collect(client().readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    expect(last[0]!.event).toMatchObject({ streamId: 'all', revision: 2n });
    expect(await collect(client().readAll({ fromPosition: END }))).toEqual([]);
    expect(await collect(client().readAll({ direction: BACKWARDS }))).toEqual([]);
  });

  it('follows links', async () => {
    await client().appendToStream('all target', notes(1));
    const link = binaryEvent({ type: '$>', data: Buffer.from('0@all target') });
    const { position } = await client().appendToStream('all links', link);
    const [read] = await collect(client().readAll({ fromPosition: position!, maxCount: 1, resolveLinkTos: true }));
    expect(read!.event).toMatchObject({ streamId: 'all target' });
    expect(read!.link).toMatchObject({ streamId: 'all links' });
  });
});

describe('deleting a stream', () => {
  it('lets it be written anew', async () => {
    await client().appendToStream('soft', notes(2));
    await expect(client().deleteStream('soft', { expectedRevision: 0n })).rejects.toMatchObject({
      constructor: WrongExpectedVersionError,
      streamName: 'soft',
      expectedVersion: 0n,
      actualVersion: 1n,
    });
    await expect(client().deleteStream('soft', { expectedRevision: NO_STREAM })).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    const { position } = await client().deleteStream('soft', { expectedRevision: 1n });
    expect(position!.commit).toBeGreaterThan(0n);
    await expect(collect(client().readStream('soft'))).rejects.toBeInstanceOf(StreamNotFoundError);
    await client().appendToStream('soft', notes(1), { expectedRevision: NO_STREAM });
    expect(await revisions(client().readStream('soft'))).toEqual([2]);
  });

  it('takes a stream that has only metadata for none', async () => {
    await client().setStreamMetadata('implicit', { cacheControl: 10 });
    await expect(client().deleteStream('implicit', { expectedRevision: NO_STREAM })).resolves.toBeDefined();
  });

  it('puts a tombstone where nothing was', async () => {
    const { position } = await client().tombstoneStream('never', { expectedRevision: NO_STREAM });
    expect(position!.commit).toBeGreaterThan(0n);
    await expect(collect(client().readStream('never'))).rejects.toBeInstanceOf(StreamDeletedError);
    await client().appendToStream('some', notes(1));
    await expect(client().tombstoneStream('some', { expectedRevision: 5n })).rejects.toMatchObject({
      constructor: WrongExpectedVersionError,
      expectedVersion: 5n,
    });
  });
});

describe('stream metadata', () => {
  it('comes back as it was set', async () => {
    const metadata = {
      maxAge: 2,
      cacheControl: 15,
      truncateBefore: 1,
      maxCount: 12,
      acl: { readRoles: ['admin'], writeRoles: ['admin'], deleteRoles: ['admin'] },
      kitten: '😾',
    };
    expect(await client().getStreamMetadata('described')).toEqual({ streamName: 'described' });
    await client().setStreamMetadata('described', { maxCount: 3 });
    await client().setStreamMetadata('described', metadata);
    expect((await client().getStreamMetadata('described')).metadata).toEqual(metadata);
  });

  it('hides what is beyond its limits', async () => {
    await client().appendToStream('limited', notes(20));
    await client().setStreamMetadata('limited', { maxCount: 2 });
    expect(await revisions(client().readStream('limited'))).toEqual([18, 19]);
    await client().setStreamMetadata('limited', { truncateBefore: 19 });
    expect(await revisions(client().readStream('limited'))).toEqual([19]);
  });
});

describe('a policy that refuses', () => {
  class Nobody extends FrontAccess {
    override allows(_: unknown, stream: string): boolean {
      return stream !== 'closed' && stream !== '$all';
    }
  }
  const refusing = servedStore({ access: new Nobody() });

  it.each([
    ['append', () => refusing().client.appendToStream('closed', notes(1))],
    ['classic append', () => refusing().client.appendToStream('closed', notes(1), ways[1][1])],
    ['read', () => collect(refusing().client.readStream('closed'))],
    ['read of all', () => collect(refusing().client.readAll())],
    ['subscription', () => collect(refusing().client.subscribeToStream('closed'))],
    ['deletion', () => refusing().client.deleteStream('closed')],
    ['tombstone', () => refusing().client.tombstoneStream('closed')],
    ['metadata', () => refusing().client.setStreamMetadata('closed', { maxCount: 1 })],
  ])('denies access: %s', async (_, call) => {
    await expect(call()).rejects.toBeInstanceOf(AccessDeniedError);
  });

  it('lets everything else through', async () => {
    await expect(refusing().client.appendToStream('open', notes(1))).resolves.toBeDefined();
  });
});
