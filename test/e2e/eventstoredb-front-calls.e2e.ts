import type { EventStoreDBClient } from '@eventstore/db-client';
import { jsonEvent, UnavailableError } from '@eventstore/db-client';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { SubscribeOptions, SubscriptionMessage } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { clientOf, collect } from '#test/support/served-store';

const { AppendReq, BatchAppendReq, ReadReq } = streams;
const { Options } = ReadReq;
const ID = '0198b5cd-9d1e-7cc0-b2a4-f00dfacecafe';

let store: SqliteEventStore;
let front: EventStoreDbFront;
let client: EventStoreDBClient;
let raw: InstanceType<typeof streamsService.StreamsClient>;
let subscribed = 0;

beforeAll(async () => {
  store = await SqliteEventStore.open(':memory:');
  front = await EventStoreDbFront.open(countingSubscriptions(store));
  client = clientOf(front);
  raw = new streamsService.StreamsClient(`127.0.0.1:${front.port}`, credentials.createInsecure());
});

afterAll(async () => {
  raw.close();
  await client.dispose();
  await front.close();
  await store.close();
});

function countingSubscriptions(target: SqliteEventStore): SqliteEventStore {
  async function* counted(options?: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
    subscribed++;
    try {
      yield* target.subscribe(options);
    } finally {
      subscribed--;
    }
  }
  return new Proxy(target, {
    get: (_, name) => (name === 'subscribe' ? counted : target[name as 'read'].bind(target)),
  });
}

function identifier(name: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name));
}

function appendTo(stream: string): streams.AppendReq {
  const options = new AppendReq.Options().setStreamIdentifier(identifier(stream)).setAny(new shared.Empty());
  return new AppendReq().setOptions(options);
}

function proposed(properties: Record<string, string>, id = ID): streams.AppendReq {
  const message = new AppendReq.ProposedMessage().setId(new shared.UUID().setString(id)).setData(Buffer.from('{}'));
  for (const [name, value] of Object.entries(properties)) message.getMetadataMap().set(name, value);
  return new AppendReq().setProposedMessage(message);
}

const note = { type: 'noted', 'content-type': 'application/json' };

function append(...requests: streams.AppendReq[]): Promise<streams.AppendResp> {
  return new Promise((resolve, reject) => {
    const call = raw.append((error, response) => (error ? reject(error) : resolve(response)));
    for (const request of requests) call.write(request);
    call.end();
  });
}

function readOptions(): streams.ReadReq.Options {
  return new Options()
    .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()))
    .setNoFilter(new shared.Empty())
    .setCount('100');
}

function streamOptions(name: string): streams.ReadReq.Options.StreamOptions {
  return new Options.StreamOptions().setStreamIdentifier(identifier(name)).setStart(new shared.Empty());
}

function read(options: streams.ReadReq.Options): Promise<streams.ReadResp[]> {
  return collect(raw.read(new ReadReq().setOptions(options)) as AsyncIterable<streams.ReadResp>);
}

async function errorOf(answer: Promise<unknown>): Promise<ServiceError> {
  return answer.then(
    () => Promise.reject(new Error('The call was expected to fail.')),
    (error: unknown) => error as ServiceError,
  );
}

describe('a malformed request is told what is wrong', () => {
  const any = (): streams.BatchAppendReq.Options => new BatchAppendReq.Options();
  const noCount = readOptions();
  noCount.clearCount();
  const filtered = readOptions().setStream(streamOptions('a')).setFilter(new Options.FilterOptions());
  const emptyFilter = new Options.FilterOptions().setEventType(new Options.FilterOptions.Expression());

  it.each([
    ['an append of nothing', () => append(), 'no options'],
    ['an append without options', () => append(proposed(note)), 'begins with one message of options'],
    ['an append with options twice', () => append(appendTo('a'), appendTo('a')), 'events follow'],
    [
      'no stream',
      () => append(new AppendReq().setOptions(new AppendReq.Options().setAny(new shared.Empty()))),
      'names no stream',
    ],
    [
      'no expectation',
      () => append(new AppendReq().setOptions(new AppendReq.Options().setStreamIdentifier(identifier('a')))),
      'expects no revision',
    ],
    ['an id that is none', () => append(appendTo('a'), proposed(note, 'nonsense')), "'nonsense' is not a UUID"],
    ['a stream name that is too long', () => append(appendTo('a'.repeat(501)), proposed(note)), 'not a stream name'],
    ['a stream name with control characters', () => append(appendTo('a\u0000'), proposed(note)), 'not a stream name'],
    ['no options', () => collect(raw.read(new ReadReq()) as AsyncIterable<unknown>), 'no options'],
    ['no target', () => read(readOptions()), 'neither a stream nor all'],
    [
      'neither count nor subscription',
      () => read(noCount.setStream(streamOptions('a'))),
      'neither count nor subscription',
    ],
    ['a filter on a stream', () => read(filtered), 'Only $all can be filtered'],
    [
      'a filter without a condition',
      () => read(readOptions().setAll(new Options.AllOptions()).setFilter(emptyFilter)),
      'neither a regex nor a prefix',
    ],
  ])('%s', async (_, call, words) => {
    const error = await errorOf(call());
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toContain(words);
  });

  it('names the properties that an event must have', async () => {
    const error = await errorOf(append(appendTo('a'), proposed({ type: 'noted' })));
    expect(error.metadata.getMap()).toMatchObject({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  it('in a batch, beside appends that are in order', async () => {
    const call = raw.batchAppend();
    const answers = collect(call as AsyncIterable<streams.BatchAppendResp>);
    const request = (id: string, options: streams.BatchAppendReq.Options): streams.BatchAppendReq =>
      new BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setOptions(options).setIsFinal(true);
    const second = ID.replace('0198', '0199');
    call.write(request(ID, any()));
    call.write(request(second, any().setStreamIdentifier(identifier('batch')).setAny(new shared.Empty())));
    call.end();
    const [refused, taken] = await answers;
    expect(refused!.getCorrelationId()!.getString()).toBe(ID);
    expect(refused!.getError()!.getDetails()!.getTypeName()).toBe('event_store.client.BadRequest');
    expect(taken!.getCorrelationId()!.getString()).toBe(second);
    expect(taken!.hasSuccess()).toBe(true);
  });

  it('by a client that speaks something else', async () => {
    const socket = connect(front.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('POST / HTTP/1.1\r\n\r\nnonsense');
    await once(socket, 'close');
    await expect(client.appendToStream('still here', jsonEvent({ type: 'noted', data: {} }))).resolves.toBeDefined();
  });
});

describe('a client that vanishes', () => {
  beforeEach(async () => {
    while (subscribed > 0) await setImmediate();
  });

  it.each([
    ['loses its connection', Infinity],
    ['gives up at its deadline', 0],
  ])('half-way through an append has appended nothing: it %s', async (how, deadlineMs) => {
    const stream = `half ${how}`;
    for (let round = 0; round < 10; round++) {
      const leaving = new streamsService.StreamsClient(`127.0.0.1:${front.port}`, credentials.createInsecure());
      const left = Promise.withResolvers<unknown>();
      const call = leaving.append({ deadline: Date.now() + deadlineMs + 20 + round }, left.resolve);
      call.on('error', () => undefined);
      call.write(appendTo(stream));
      await new Promise((resolve) => call.write(proposed(note), resolve));
      // Time for the front to receive it; too little of it makes the test easier, not wrong.
      await setTimeout(round * 2);
      if (deadlineMs === Infinity) leaving.getChannel().close();
      else await left.promise;
      leaving.close();
    }
    await setTimeout(50);
    await expect(store.read(stream)).resolves.toMatchObject({ status: 'missing' });
  });

  it('frees its subscriptions', async () => {
    const leaving = clientOf(front);
    const subscriptions = [leaving.subscribeToAll(), leaving.subscribeToStream('watched')];
    await Promise.all(subscriptions.map((subscription) => once(subscription.resume(), 'caughtUp')));
    while (subscribed < 2) await setImmediate();
    await leaving.dispose();
    while (subscribed > 0) await setImmediate();
    expect(subscribed).toBe(0);
  });
});

describe('what a client may choose', () => {
  it('ids as two numbers', async () => {
    await append(appendTo('ids'), proposed(note));
    const options = readOptions().setStream(streamOptions('ids'));
    options.getUuidOption()!.setStructured(new shared.Empty());
    const [answer] = await read(options);
    const id = answer!.getEvent()!.getEvent()!.getId()!.getStructured()!;
    const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
    expect(half(id.getMostSignificantBits()) + half(id.getLeastSignificantBits())).toBe(ID.replaceAll('-', ''));

    const again = proposed(note);
    again.getProposedMessage()!.setId(new shared.UUID().setStructured(id));
    const repeated = await append(appendTo('ids'), again);
    expect(repeated.getSuccess()!.getCurrentRevision()).toBe('0');
  });

  it('to be told where a stream begins and ends', async () => {
    const events = Array.from({ length: 3 }, () => jsonEvent({ type: 'noted', data: {} }));
    await client.appendToStream('ends', events);
    const knowing = readOptions().setControlOption(new Options.ControlOption().setCompatibility(1));
    const all = await read(knowing.setStream(streamOptions('ends')));
    expect(all.at(-1)!.getLastStreamPosition()).toBe('2');
    const beyond = knowing.setStream(streamOptions('ends').setRevision('9'));
    expect((await read(beyond)).map((answer) => answer.getFirstStreamPosition())).toEqual(['3', '0']);
    const position = new shared.Empty();
    const ofAll = readOptions().setControlOption(new Options.ControlOption().setCompatibility(1));
    const everything = await read(ofAll.setAll(new Options.AllOptions().setStart(position)));
    expect(everything.at(-1)!.hasLastAllStreamPosition()).toBe(true);
  });

  it('a filter on a read of all, too', async () => {
    await client.appendToStream('sieve-1', jsonEvent({ type: 'noted', data: {} }));
    await client.appendToStream('sieve-2', jsonEvent({ type: 'noted', data: {} }));
    const expression = new Options.FilterOptions.Expression().setPrefixList(['sieve-']);
    const filter = new Options.FilterOptions().setStreamIdentifier(expression).setCount(new shared.Empty());
    const forwards = readOptions().setAll(new Options.AllOptions().setStart(new shared.Empty())).setFilter(filter);
    expect((await read(forwards)).map(streamNameOf)).toEqual(['sieve-1', 'sieve-2']);
    const backwards = readOptions().setAll(new Options.AllOptions().setEnd(new shared.Empty())).setFilter(filter);
    backwards.setReadDirection(Options.ReadDirection.BACKWARDS).setCount('1');
    expect((await read(backwards)).map(streamNameOf)).toEqual(['sieve-2']);
  });

  function streamNameOf(answer: streams.ReadResp): string {
    const bytes = answer.getEvent()!.getEvent()!.getStreamIdentifier()!.getStreamName_asU8();
    return Buffer.from(bytes).toString();
  }
});

it('says truthfully what it serves', async () => {
  const features = new featuresService.ServerFeaturesClient(`127.0.0.1:${front.port}`, credentials.createInsecure());
  const methods = await new Promise<string[]>((resolve, reject) => {
    features.getSupportedMethods(new shared.Empty(), (error, answer) => {
      if (error) reject(error);
      else resolve(answer.getMethodsList().map((method) => `${method.getServiceName()}/${method.getMethodName()}`));
    });
  });
  features.close();
  expect(methods).toEqual(
    expect.arrayContaining([
      'event_store.client.streams.streams/read',
      'event_store.client.streams.streams/batchappend',
      'event_store.client.gossip.gossip/read',
      'event_store.client.server_features.serverfeatures/getsupportedmethods',
    ]),
  );
  expect(methods.some((method) => method.includes('projections'))).toBe(false);
  await expect(client.listProjections()).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

it('refuses an authorization that it cannot read', async () => {
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer nonsense');
  const call = raw.read(new ReadReq().setOptions(readOptions().setStream(streamOptions('a'))), metadata);
  const error = await errorOf(collect(call as AsyncIterable<unknown>));
  expect(error.code).toBe(status.UNAUTHENTICATED);
});

it('says that the store is away, so that clients come again', async () => {
  const away = await SqliteEventStore.open(':memory:');
  const lonely = await EventStoreDbFront.open(away);
  const caller = clientOf(lonely);
  await caller.appendToStream('before', jsonEvent({ type: 'noted', data: {} }));
  await away.close();
  const event = jsonEvent({ type: 'noted', data: {} });
  await expect(caller.appendToStream('after', event)).rejects.toBeInstanceOf(UnavailableError);
  await expect(collect(caller.readStream('before'))).rejects.toBeInstanceOf(UnavailableError);
  await expect(collect(caller.subscribeToAll())).rejects.toBeInstanceOf(UnavailableError);
  await caller.dispose();
  await lonely.close();
});
