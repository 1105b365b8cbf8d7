/** An error as GraphQL clients get it. */
export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly status: number; readonly [name: string]: unknown };
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  // What a query answers follows from its text.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
  readonly errors?: readonly GraphqlError[];
}

export const CREATE = `mutation Create($input: CreateThingInput!, $key: String) {
  createThing(input: $input, idempotencyKey: $key) { id revision position created replayed }
}`;

/** Sends GraphQL operations by POST. */
export class GraphqlClient {
  constructor(readonly url: string) {}

  async send(
    query: string,
    variables?: object,
    { headers = {}, parameters = '' }: { headers?: Record<string, string>; parameters?: string } = {},
  ): Promise<GraphqlAnswer> {
    const response = await fetch(`${this.url}/graphql${parameters}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as Pick<GraphqlAnswer, 'data' | 'errors'>;
    return { status: response.status, headers: response.headers, ...body };
  }

  /** The data; rejects where there are errors. */
  async data(query: string, variables?: object): Promise<GraphqlAnswer['data']> {
    const answer = await this.send(query, variables);
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data as unknown;
  }

  /** The codes of the errors. */
  async codes(query: string, variables?: object): Promise<string[]> {
    const { errors = [] } = await this.send(query, variables);
    return errors.map(({ extensions }) => extensions.code);
  }

  async create(noun: string, id: string, data: object = {}): Promise<{ position: string }> {
    return ((await this.data(CREATE, { input: { noun, id, data } })) as { createThing: { position: string } })
      .createThing;
  }
}
