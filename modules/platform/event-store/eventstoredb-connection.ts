import { EventStoreDBClient } from '@eventstore/db-client';
import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { CallOptions, Channel, ClientDuplexStream, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnusable } from '#platform/sqlite/sqlite.errors';
import { readAllRequest } from './eventstoredb-requests.js';
import { accessDenied, unavailable } from './eventstoredb-errors.js';

/**
 * What the client keeps for its own commands. They are called with its connection, its credentials and its way of finding the
 * leader again, but with the protocol's own messages: the client's commands parse JSON and write it anew, cannot read with a filter,
 * and lose the order of events and marks. Its batch append shares one table of answers among all clients of a process and ends
 * the process where an answer comes that it has forgotten.
 */
interface Internals {
  GRPCStreamCreator<Call>(
    Client: typeof StreamsClient,
    name: string,
    create: (client: StreamsClient) => Call,
  ): () => Promise<Call>;
  callArguments(options: { deadline?: number }, callOptions?: CallOptions): [Metadata, CallOptions];
}

export type AppendCall = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

/** Of a call that looks at one stream. Those over the global order may go through all of it, and have none. */
const CALL_MS = 10_000;

/** A server or a cluster, through the official client. */
export class EventStoreDbConnection {
  readonly client: EventStoreDBClient;
  readonly #internals: Internals;
  #channel: Pick<Channel, 'close'> | undefined;

  /** Waits for the server. Rejects with StoreUnusable. */
  static async open(url: string, waitMs: number): Promise<EventStoreDbConnection> {
    const connection = new EventStoreDbConnection(url);
    const deadline = performance.now() + waitMs;
    for (let wait = 50; ; wait *= 2) {
      try {
        for await (const _ of connection.read(readAllRequest({ backwards: true, count: 1 }), { limited: true }));
        return connection;
      } catch (error) {
        const denied = accessDenied(error);
        if (!denied && performance.now() + wait < deadline) {
          await sleep(wait);
          continue;
        }
        await connection.close();
        throw connection.#unusable(error, denied);
      }
    }
  }

  private constructor(private readonly url: string) {
    try {
      this.client = EventStoreDBClient.connectionString(url.replace(/^kurrentdb/, 'esdb'));
    } catch (error) {
      const cure = 'PERDURE_EVENT_STORE must look like esdb://<user>:<password>@<host>:2113?tls=true.';
      throw new StoreUnusable('store-address', `${this.name} cannot be used: ${wordsOf(error, url)}. ${cure}`);
    }
    this.#internals = this.client as unknown as Internals;
  }

  /** Where the server is, without the password. */
  get name(): string {
    return this.url.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/s, '');
  }

  /** The answers to a read or a subscription, in order. Leaving the loop ends the call. Rejects with StoreUnavailable. */
  async *read(
    request: ReadReq,
    { signal, limited = false }: { signal?: AbortSignal; limited?: boolean } = {},
  ): AsyncGenerator<ReadResp, undefined> {
    const create = this.#create('read', (client) => client.read(request, ...this.#arguments(limited)));
    let call: ClientReadableStream<ReadResp> | undefined;
    const cancel = (): void => call?.cancel();
    try {
      call = await create();
      // Whoever leaves the loop does not hear of the error that ending the call is.
      call.on('error', () => undefined);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted) return;
      for await (const response of call) yield response as ReadResp;
    } catch (error) {
      if (!signal?.aborted) throw unavailable(this.name, error);
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** A new call for appends. Rejects with StoreUnavailable. */
  async appends(): Promise<AppendCall> {
    return this.run(this.#create('append', (client) => client.batchAppend(...this.#arguments(false))));
  }

  /** A command of the client's own. Rejects with StoreUnavailable. */
  async run<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw unavailable(this.name, error);
    }
  }

  async close(): Promise<void> {
    await this.client.dispose();
    // The client leaves it open.
    this.#channel?.close();
  }

  #create<Call>(name: string, call: (client: StreamsClient) => Call): () => Promise<Call> {
    return this.#internals.GRPCStreamCreator(grpcStreams.StreamsClient, name, (client) => {
      this.#channel = client.getChannel();
      return call(client);
    });
  }

  #arguments(limited: boolean): [Metadata, CallOptions] {
    return this.#internals.callArguments({ deadline: CALL_MS }, limited ? undefined : { deadline: Infinity });
  }

  #unusable(error: unknown, denied: boolean): StoreUnusable {
    const cure = denied
      ? 'Set the user and the password in PERDURE_EVENT_STORE; the user must be an administrator.'
      : `Start the server, or correct PERDURE_EVENT_STORE (a server without certificates needs ?tls=false).`;
    const code = denied ? 'store-denied' : 'store-unreachable';
    return new StoreUnusable(code, `The event store at ${this.name} cannot be used. ${cure}`, { cause: error });
  }
}

/** The client's words repeat what is wrong with an address; that may be the password. */
function wordsOf(error: unknown, url: string): string {
  const [secret] = /(?<=\/\/)[^@]*(?=@)/.exec(url) ?? [];
  const { message } = error as Error;
  return secret ? message.replaceAll(secret, '***') : message;
}
