import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

/** The audits of the working group's reference implementation, which name what the specification asks for. */
describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => `${perdure.url}/graphql`, fetchFn: fetch });

  it.each(audits.map(({ id, name, fn }) => [`${id} ${name}`, fn] as const))('%s', async (_, audit) => {
    const result = await audit();
    const { status } = result;
    expect(status === 'ok' ? status : `${status}: ${result.reason}`).toBe('ok');
  });
});
