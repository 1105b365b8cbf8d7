import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequests } from '#test/support/conformance/bad-requests';
import { documentedCodes, DocumentedApi, type DocumentedOperation } from '#test/support/conformance/documented-api';
import { GOOD_REQUESTS, WITHOUT_GOOD_REQUEST } from '#test/support/conformance/good-requests';
import type { GoodRequest } from '#test/support/conformance/made';
import { RawHttp, type RawAnswer, type RawRequest } from '#test/support/conformance/raw-http';
import { requestOf } from '#test/support/conformance/request-of';
import { ServedWorld } from '#test/support/conformance/served-world';

const SEED = 20_261_121;
/** Bad values of each kind for each parameter and field. */
const RUNS = 3;
/** Traces of stacks and of files. */
const LEAKS = /\\n\s+at |node_modules|node:internal|\.[cm]?[jt]s:\d/;
/** What requests are refused with before there is an operation that they could be for. */
const OF_NO_OPERATION = new Set([
  ...['route-not-found', 'method-not-allowed', 'malformed-url', 'malformed-request', 'url-too-long'],
]);

describe('the API', () => {
  let world: ServedWorld;
  let http: RawHttp;
  let api: DocumentedApi;
  /** The last good request of each operation. */
  const asked = new Map<string, GoodRequest>();
  const answers = new Map<string, RawAnswer>();

  beforeAll(async () => {
    world = await ServedWorld.start();
    http = new RawHttp(world.url);
    api = new DocumentedApi(JSON.parse((await http.send({ method: 'GET', path: '/openapi.json' })).text) as never);
  });
  afterAll(async () => {
    http.close();
    await world.stop();
  });

  const operation = (id: string): DocumentedOperation => {
    const found = api.operations.find((each) => each.id === id);
    if (!found) throw new Error(`There is no operation ${id}: take it out of GOOD_REQUESTS.`);
    return found;
  };
  const get = async (path: string) => {
    const { status, text } = await http.send({ method: 'GET', path });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  };

  it('has a good request for every operation in these tests', () => {
    const known = new Set([...GOOD_REQUESTS.map(([id]) => id), ...Object.keys(WITHOUT_GOOD_REQUEST)]);
    expect(api.operations.map(({ id }) => id).filter((id) => !known.has(id))).toEqual([]);
  });

  it('answers good requests as it is documented', async () => {
    const made = { answers, get, park: (noun: string, id: string) => world.parkThing(noun, id) };
    const deviations: string[] = [];
    for (const [id, good] of GOOD_REQUESTS) {
      const request = typeof good === 'function' ? await good(made) : good;
      const answer = await http.send(requestOf(operation(id), request));
      asked.set(id, request);
      answers.set(id, answer);
      const refusal = answer.status >= 400 ? `${answer.status} ${answer.text}` : undefined;
      const wrong = api.deviation(operation(id), answer) ?? refusal;
      if (wrong !== undefined) deviations.push(`${id}: ${wrong}`);
    }
    expect(deviations).toEqual([]);
  });

  describe('asked for what it does not have', () => {
    /** Correlation ids of requests that were refused. */
    const refused = new Set<string>();
    let catalogue: Set<string>;
    let bad: BadRequests;

    beforeAll(() => {
      const { items } = JSON.parse(answers.get('problems_list')!.text) as { items: { code: string }[] };
      catalogue = new Set(items.map(({ code }) => code));
      bad = new BadRequests(api, SEED, RUNS);
    });

    /** What is wrong with an answer to a bad request. */
    function fault(answer: RawAnswer, documented: DocumentedOperation): string | undefined {
      const { status, headers, text } = answer;
      if (status < 400) return api.deviation(documented, answer);
      if (headers['content-type'] !== 'application/problem+json') return `is ${headers['content-type']}`;
      const { code, status: same } = JSON.parse(text) as { code: string; status: number };
      if (same !== status || !catalogue.has(code)) return `is ${code}, which is not in the catalogue`;
      if (LEAKS.test(text) || text.includes(world.folder)) return 'tells of the machine';
      if (OF_NO_OPERATION.has(code)) return undefined;
      if (!documentedCodes(documented).has(code)) return `is ${code}, which is not documented`;
      return status >= 500 && status !== 503 ? 'is a failure' : api.deviation(documented, answer);
    }

    /** Sends the requests, some at a time, and returns what is wrong with their answers. */
    async function faults(requests: readonly RawRequest[], documented: DocumentedOperation): Promise<string[]> {
      const found: string[] = [];
      const queue = requests.entries();
      const sendAll = async (): Promise<void> => {
        for (const [index, request] of queue) {
          const id = `${request.method}-${documented.id}-${index}`;
          const answer = await http.send({ ...request, headers: { 'correlation-id': id, ...request.headers } });
          if (answer.status >= 400) refused.add(id);
          const wrong = fault(answer, documented);
          if (wrong === undefined) continue;
          found.push(
            `${JSON.stringify(request).slice(0, 500)}: ${answer.status} ${answer.text.slice(0, 500)} ${wrong}`,
          );
        }
      };
      await Promise.all(Array.from({ length: 8 }, sendAll));
      return found;
    }

    it('refuses it with documented problems, or answers as it is documented', async () => {
      const found: string[] = [];
      for (const [id, good] of asked) found.push(...(await faults([...bad.of(operation(id), good)], operation(id))));
      expect(found).toEqual([]);
    }, 300_000);

    it('knows no other methods', async () => {
      const others = [...asked].flatMap(([id, good]) => bad.otherMethods(operation(id), good));
      const statuses = await Promise.all(others.map(async (request) => [request, (await http.send(request)).status]));
      expect(statuses.filter(([, status]) => status !== 405)).toEqual([]);
    });

    it('has appended nothing for what it refused, but that it refused it', async () => {
      const events = (await world.events()).filter(({ metadata }) => refused.has(metadata.correlationId));
      expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['audit.commandRefused']));
      expect(refused.size).toBeGreaterThan(1_000);
    });

    it('is alive after all that', async () => {
      expect(await get('/health')).toEqual({ status: 200, body: { status: 'alive' } });
    });
  });
});
