import { describe, expect, it } from '@jest/globals';
import type { BatchResult } from './batch.js';
import { Lanes } from './lanes.js';

describe('the lanes of a batch', () => {
  const answer = (status: number, code = 'x') => ({ status, problem: { code } }) as BatchResult;

  it.each([
    ['for now', answer(503), ['first']],
    ['for now, by the rate', answer(429), ['first']],
    ['for now, being carried out', answer(409, 'request-in-flight'), ['first']],
    ['for good', answer(422), ['first', 'second']],
    ['not at all', answer(200), ['first', 'second']],
  ])('behind a command that was refused %s', async (_, first, carriedOut) => {
    const lanes = new Lanes();
    const seen: string[] = [];
    const work = (name: string, result: BatchResult) => () => {
      seen.push(name);
      return Promise.resolve(result);
    };
    const results = await Promise.all([
      lanes.run('a', work('first', first)),
      lanes.run('a', work('second', answer(200))),
    ]);
    expect(seen).toEqual(carriedOut);
    expect(results[1]).toBe(carriedOut.length === 1 ? first : results[1]);
    expect(results[1].status).toBe(carriedOut.length === 1 ? first.status : 200);
  });

  it('are apart', async () => {
    const lanes = new Lanes();
    const refused = lanes.run('a', () => Promise.resolve(answer(503)));
    expect(await lanes.run('b', () => Promise.resolve(answer(200)))).toEqual(answer(200));
    expect(await lanes.run(undefined, () => Promise.resolve(answer(201)))).toEqual(answer(201));
    await refused;
  });
});
