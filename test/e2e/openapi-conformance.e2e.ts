import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequests } from '#test/support/conformance/bad-requests';
import { DocumentedApi, documentedCodes, type DocumentedOperation } from '#test/support/conformance/documented-api';
import { GOOD_REQUESTS, WITHOUT_GOOD_REQUEST, type GoodRequest, type Made } from '#test/support/conformance/good-requests';
import { RawHttp, type RawAnswer, type RawRequest } from '#test/support/conformance/raw-http';
import { ServedWorld } from '#test/support/conformance/served-world';
import { requestOf } from '#test/support/conformance/request-of';

const SEED = 20_261_121;
/** Traces of stacks and of files. */
const LEAKS = /\\n\s+at |node_modules|node:internal|\.[cm]?[jt]s:\d/;
/** What a request is refused with before there is an operation that it could be for. */
const OF_NO_OPERATION = new Set([
  ...['route-not-found', 'method-not-allowed', 'malformed-url', 'malformed-request', 'url-too-long', 'headers-too-large'],
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
    if (!found) throw new Error(`There is no operation ${id}: take it out of test/support/conformance/good-requests.ts.`);
    return found;
  };

  it('has a good request for every operation in these tests', () => {
    const known = new Set([...GOOD_REQUESTS.map(([id]) => id), ...Object.keys(WITHOUT_GOOD_REQUEST)]);
    expect(api.operations.map(({ id }) => id).filter((id) => !known.has(id))).toEqual([]);
  });

  it('answers good requests as it is documented', async () => {
    const made: Made = {
      answers,
      park: (noun, id) => world.parkThing(noun, id),
      get: async (path) => {
        const { status, text } = await http.send({ method: 'GET', path });
        return { status, body: JSON.parse(text) as Record<string, unknown> };
      },
    };
    const deviations: string[] = [];
    for (const [id, good] of GOOD_REQUESTS) {
      const request = typeof good === 'function' ? await good(made) : good;
      const answer = await http.send(requestOf(operation(id), request));
      asked.set(id, request);
      answers.set(id, answer);
      const wrong = api.deviation(operation(id), answer) ?? (answer.status >= 400 ? `${answer.status}: ${answer.text}` : '');
      if (wrong) deviations.push(`${id}: ${wrong}`);
    }
    expect(deviations).toEqual([]);
  });

  describe('asked for what it does not have', () => {
    /** Correlation ids of requests that were refused. */
    const refused = new Set<string>();
    let catalogue: Set<string>;

    /** What is wrong with how a bad request is answered. */
    function fault(answer: RawAnswer, documented?: DocumentedOperation): string | undefined {
      const { status, headers, text } = answer;
      if (status < 400) return documented && api.deviation(documented, answer);
      if (headers['content-type'] !== 'application/problem+json') return `${status} is ${headers['content-type']}`;
      const { code, status: same } = JSON.parse(text) as { code: string; status: number };
      if (same !== status || !catalogue.has(code)) return `${status} is ${code}, which is not in the catalogue`;
      if (LEAKS.test(text) || text.includes(world.folder)) return `${status} tells of the machine: ${text}`;
      if (OF_NO_OPERATION.has(code)) return undefined;
      if (!documented) return `${status} is ${code}`;
      if (!documentedCodes(documented).has(code)) return `${status} is ${code}, which is not documented: ${text}`;
      return status >= 500 && status !== 503 ? `${status}: ${text}` : api.deviation(documented, answer);
    }

    async function faults(requests: readonly RawRequest[], documented?: DocumentedOperation): Promise<string[]> {
      const found: string[] = [];
      const queue = requests.entries();
      const sendNext = async (): Promise<void> => {
        for (const [, request] of queue) {
          const correlationId = `bad-${refused.size}-${requests.indexOf(request)}-${request.path.slice(0, 50)}`.replace(/[^!-~]/g, '');
          const headers = { 'correlation-id': correlationId, ...request.headers };
          const answer = await http.send({ ...request, headers });
          if (answer.status >= 400) refused.add(correlationId);
          const wrong = fault(answer, documented);
          const { method, path, body = '' } = request;
          if (wrong) found.push(`${method} ${path} ${JSON.stringify(request.headers)} ${body}`.slice(0, 400) + ` -> ${wrong}`.slice(0, 600));
        }
      };
      await Promise.all(Array.from({ length: 8 }, sendNext));
      return found;
    }

    beforeAll(async () => {
      const { items } = JSON.parse(answers.get('problems_list')!.text) as { items: { code: string }[] };
      catalogue = new Set(items.map(({ code }) => code));
    });

    it('refuses with documented problems', async () => {
      const bad = new BadRequests(api, SEED, 5);
      const found: string[] = [];
      let sent = 0;
      for (const [id, good] of asked) {
        const requests = [...bad.of(operation(id), good)];
        sent += requests.length;
        const begun = performance.now();
        found.push(...(await faults(requests, operation(id))));
        if (process.env['V1']) console.info(id, requests.length, performance.now() - begun);
      }
      if (process.env['V1']) (await import('node:fs')).writeFileSync('/tmp/v1/found.txt', found.join('\n'));
      console.info(sent);
      expect(found).toEqual([]);
    }, 60_000);

    it('knows no other methods', async () => {
      const bad = new BadRequests(api, SEED, 3);
      const paths = new Map([...asked].map(([id, good]) => [operation(id).path, good]));
      const found = [...paths].map(([path, good]) => faults(bad.otherMethods(path, good)));
      expect((await Promise.all(found)).flat()).toEqual([]);
    });

    it('has appended nothing for what it refused, but that it refused it', async () => {
      const events = await world.events();
      const caused = events.filter(({ metadata, type }) => refused.has(metadata.correlationId) && type !== 'audit.commandRefused');
      expect(caused).toEqual([]);
      expect(refused.size).toBeGreaterThan(1_000);
    });

    it('is alive after all that', async () => {
      const { status, text } = await http.send({ method: 'GET', path: '/health' });
      expect([status, JSON.parse(text)]).toEqual([200, { status: 'alive' }]);
    });
  });
});
