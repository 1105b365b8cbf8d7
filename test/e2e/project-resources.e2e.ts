import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PerdureServer } from '#test/support/perdure-server';
import { ProjectRequests, PROJECTS, statuses } from '#test/support/project-requests';

const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}T00:00:00.000Z`;

describe('the resources of a project', () => {
  let perdure: PerdureServer;
  let requests: ProjectRequests;
  beforeAll(async () => {
    perdure = await PerdureServer.start();
    requests = new ProjectRequests(perdure);
  });
  afterAll(() => perdure.stop());

  const get = (path: string) => requests.get(path);
  const pages = (path: string) => requests.pages(path);
  const desks = { name: 'Desks', unit: 'desks', capacity: 10 };
  const withDesks = async (projectId: string) => {
    const path = `${await requests.create(projectId)}/resources/desks`;
    await perdure.api.put(path).send(desks).expect(200);
    return path;
  };
  const allocate = (path: string, id: string, amount: number, from?: number, until?: number) =>
    perdure.api.put(`${path}/allocations/${id}`).send({
      ...{ assignee: 'ada', amount },
      ...(from !== undefined && { from: day(from) }),
      ...(until !== undefined && { until: day(until) }),
    });

  it('are added, changed, listed and removed', async () => {
    const path = await withDesks('office');
    await perdure.api.put(path).send(desks).expect(200);
    const others = { ...desks, unit: 'chairs' };
    expect((await perdure.api.put(path).send(others).expect(409)).body).toMatchObject({
      code: 'project-resource-exists',
    });
    await perdure.api
      .patch(path)
      .send({ name: 'Tables', capacity: 12, from: day(5) })
      .expect(200);
    const shown = { resourceId: 'desks', name: 'Tables', unit: 'desks', capacity: 12, allocations: 0 };
    const capacities = [{ amount: 10 }, { amount: 12, from: day(5) }];
    expect(await get(path)).toEqual({ ...shown, capacities });
    await perdure.api.put(path.replace('desks', 'chairs')).send(others).expect(200);
    const found = await pages(path.replace('/desks', '?limit=1'));
    expect(found.map((items) => items.map(({ resourceId }) => resourceId))).toEqual([['chairs'], ['desks']]);
    await perdure.api.delete(path).expect(200);
    for (const gone of [perdure.api.get(path), perdure.api.delete(path), perdure.api.patch(path).send({ name: 'A' })]) {
      expect((await gone.expect(404)).body).toMatchObject({ code: 'project-resource-not-found' });
    }
  });

  it.each<[string, object]>([
    ['/capacity', { ...desks, capacity: -1 }],
    ['/capacity', { ...desks, capacity: 0.5 }],
    ['/unit', { name: 'Desks', capacity: 1 }],
  ])('are refused with a pointer to %s', async (pointer, body) => {
    const path = `${PROJECTS}/any/resources/desks`;
    expect((await perdure.api.put(path).send(body).expect(400)).body).toMatchObject({ errors: [{ pointer }] });
  });

  it('are allocated up to what is free at every moment', async () => {
    const path = await withDesks('planned');
    await allocate(path, 'a', 6, 2, 6).expect(200);
    await allocate(path, 'b', 4, 4, 8).expect(200);
    await allocate(path, 'c', 6, 6, 8).expect(200);
    expect((await allocate(path, 'a', 6, 2, 6)).body.revision).toBe(4);
    expect((await allocate(path, 'a', 5, 2, 6).expect(409)).body).toMatchObject({
      code: 'project-allocation-exists',
    });
    const { body } = await allocate(path, 'd', 5, 1, 9).expect(409);
    expect(body).toMatchObject({ code: 'over-allocated', free: 0, from: day(4), until: day(8) });
    expect(body.detail).toContain(`only 0 are free from ${day(4)} until ${day(8)}`);
    await allocate(path, 'd', 4, 1, 4).expect(200);
    expect((await allocate(path, 'e', 1, 9, 9).expect(400)).body).toMatchObject({ errors: [{ pointer: '/until' }] });
    await allocate(path, 'e', 0, 9).expect(400);
    expect((await allocate(path.replace('desks', 'chairs'), 'e', 1).expect(404)).body).toMatchObject({
      code: 'project-resource-not-found',
    });
    expect((await pages(`${path}/allocations?limit=3`)).map((items) => items.length)).toEqual([3, 1]);
    expect((await get(`${path}/allocations`)).items[0]).toEqual({
      ...{ allocationId: 'a', assignee: 'ada', amount: 6, from: day(2), until: day(6) },
    });
  });

  it('are given once where the last of them is asked for by many at the same time', async () => {
    const path = await withDesks('rush');
    await allocate(path, 'most', 9).expect(200);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => allocate(path, `last-${i}`, 1, 20)));
    expect(statuses(answers)).toEqual([200, ...Array<number>(7).fill(409)]);
    expect((await get(`${path}/allocations`)).items).toHaveLength(2);
  });

  it('are taken back, now or when it happened', async () => {
    const path = await withDesks('returned');
    const free = (id: string) => perdure.api.delete(`${path}/allocations/${id}`);
    await allocate(path, 'a', 10, 2).expect(200);
    expect((await perdure.api.delete(path).expect(409)).body).toMatchObject({ code: 'project-resource-in-use' });
    await free('a').set('perdure-occurred-at', day(5)).expect(200);
    await free('a').expect(200);
    expect((await get(`${path}/allocations`)).items).toMatchObject([{ from: day(2), until: day(5) }]);
    await perdure.api
      .put(`${path}/allocations/b`)
      .set('perdure-occurred-at', day(5))
      .send({ assignee: 'b', amount: 1 });
    expect((await get(`${path}/allocations`)).items).toMatchObject([{}, { allocationId: 'b', from: day(5) }]);
    await free('b').set('perdure-occurred-at', day(5)).expect(200);
    expect((await free('b').expect(404)).body).toMatchObject({ code: 'project-allocation-not-found' });
    await perdure.api.delete(path).expect(200);
  });

  it('never have less than what is allocated', async () => {
    const path = await withDesks('shrinking');
    await allocate(path, 'a', 8, 2, 6).expect(200);
    const { body } = await perdure.api
      .patch(path)
      .send({ capacity: 7, from: day(5) })
      .expect(409);
    expect(body).toMatchObject({ code: 'capacity-below-allocated', allocated: 8, from: day(5), until: day(6) });
    await perdure.api
      .patch(path)
      .send({ capacity: 7, from: day(6) })
      .expect(200);
    await perdure.api
      .patch(path)
      .send({ from: day(6) })
      .expect(400);
  });

  it('show what was used of them over time', async () => {
    const path = await withDesks('measured');
    await allocate(path, 'a', 4, 2, 4).expect(200);
    await allocate(path, 'b', 2, 3).expect(200);
    const steps = [
      { from: day(1), until: day(2), allocated: 0, capacity: 10, free: 10 },
      { from: day(2), until: day(3), allocated: 4, capacity: 10, free: 6 },
      { from: day(3), until: day(4), allocated: 6, capacity: 10, free: 4 },
      { from: day(4), until: day(5), allocated: 2, capacity: 10, free: 8 },
    ];
    const expected = {
      ...{ resourceId: 'desks', unit: 'desks', from: day(1), until: day(5), steps },
      ...{ peak: { allocated: 6, from: day(3) }, average: 3, averageCapacity: 10, share: 0.3 },
    };
    expect(await get(`${path}/utilisation?from=${day(1)}&to=${day(5)}`)).toEqual(expected);
    const ofAll = path.replace('/resources/desks', `/utilisation?from=${day(1)}&to=${day(5)}`);
    expect(await get(ofAll)).toEqual({ items: [expected] });
    await perdure.api.get(`${path}/utilisation?from=${day(5)}&to=${day(5)}`).expect(400);
    await perdure.api.get(`${path}/utilisation?from=${day(5)}`).expect(400);
  });
});
