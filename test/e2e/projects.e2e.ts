import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PerdureServer } from '#test/support/perdure-server';
import { ProjectRequests, PROJECTS, statuses } from '#test/support/project-requests';

const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}T00:00:00.000Z`;

describe('projects over HTTP', () => {
  let perdure: PerdureServer;
  let requests: ProjectRequests;
  beforeAll(async () => {
    perdure = await PerdureServer.start();
    requests = new ProjectRequests(perdure);
  });
  afterAll(() => perdure.stop());

  const create = (projectId: string, more?: object) => requests.create(projectId, more);
  const get = (path: string) => requests.get(path);
  const pages = (path: string) => requests.pages(path);
  const listed = (query: string, ids: string[]) =>
    perdure.eventually(
      async () => (await get(`${PROJECTS}?${query}`)).items.map(({ id }) => id),
      (found) => JSON.stringify(found) === JSON.stringify(ids),
    );

  describe('a project', () => {
    it('is created with an id of its own, and shown', async () => {
      const body = { name: 'Engine', description: 'brass', tags: ['maths'], metadata: { year: 1843 } };
      const created = await perdure.api.post(PROJECTS).send(body).expect(201);
      expect(created.headers).toMatchObject({ location: `${PROJECTS}/${created.body.id}`, etag: '"0"' });
      const { body: shown, headers } = await perdure.api.get(created.headers['location']!).expect(200);
      expect(headers['etag']).toBe('"0"');
      expect(shown).toMatchObject({ id: created.body.id, status: 'active', revision: 0, ...body });
      expect(shown).toMatchObject({ members: ['anonymous'], resources: 0, createdAt: shown.updatedAt });
      await perdure.api.get(created.headers['location']!).set('if-none-match', '"0"').expect(304);
    });

    it('is created once by a request that comes twice', async () => {
      const ask = () => perdure.api.post(PROJECTS).set('idempotency-key', 'twice').send({ name: 'Twice' });
      const first = await ask().expect(201);
      expect((await ask()).body).toEqual({ ...first.body, replayed: true });
      const other = perdure.api.post(PROJECTS).set('idempotency-key', 'twice').send({ name: 'Another' });
      expect((await other.expect(422)).body).toMatchObject({ code: 'idempotency-key-reused' });
    });

    it('has an id that is no other’s, whoever comes first', async () => {
      const asked = [1, 2, 3].map((n) => perdure.api.post(PROJECTS).send({ projectId: 'same', name: `${n}` }));
      const answers = await Promise.all(asked);
      expect(statuses(answers)).toEqual([201, 409, 409]);
      expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({ code: 'project-exists' });
    });

    it.each<[string, object]>([
      ['/name', {}],
      ['/name', { name: '' }],
      ['/name', { name: 'x'.repeat(201) }],
      ['/tags/1', { name: 'A', tags: ['a', 1] }],
      ['/metadata', { name: 'A', metadata: [] }],
      ['/owner', { name: 'A', owner: '' }],
      ['/colour', { name: 'A', colour: 'red' }],
    ])('is refused with a pointer to %s', async (pointer, body) => {
      const { body: problem } = await perdure.api.post(PROJECTS).send(body).expect(400);
      expect(problem).toMatchObject({ code: 'invalid-input', errors: [{ pointer }] });
    });

    it('is updated under a precondition, by what is new', async () => {
      const path = await create('updated', { metadata: { a: 1, b: 2 } });
      const patch = { name: 'New', description: 'told', metadata: { a: null } };
      await perdure.api.patch(path).set('if-match', '"7"').send(patch).expect(412);
      const { body } = await perdure.api.patch(path).set('if-match', '"0"').send(patch).expect(200);
      expect(body.revision).toBe(1);
      expect((await perdure.api.patch(path).send(patch).expect(200)).body.revision).toBe(1);
      expect(await get(path)).toMatchObject({ name: 'New', description: 'told', metadata: { b: 2 } });
      await perdure.api.patch(path).send({ description: '' }).expect(200);
      expect(await get(path)).not.toHaveProperty('description');
      const tooMuch = { metadata: { text: 'x'.repeat(20_000) } };
      const { body: problem } = await perdure.api.patch(path).send(tooMuch).expect(413);
      expect(problem).toMatchObject({ code: 'project-metadata-too-large' });
      await perdure.api.patch(path).send({ name: null }).expect(400);
    });

    it('that is not there is a problem of its own everywhere', async () => {
      const path = `${PROJECTS}/nobody`;
      const about = 'from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z';
      for (const query of ['', '/members', '/resources', '/resources/r', '/resources/r/allocations']) {
        expect((await perdure.api.get(path + query).expect(404)).body).toMatchObject({ code: 'project-not-found' });
      }
      await perdure.api.get(`${path}/utilisation?${about}`).expect(404);
      await perdure.api.get(`${path}/resources/r/utilisation?${about}`).expect(404);
      await perdure.api.patch(path).send({ name: 'A' }).expect(404);
      await perdure.api.post(`${path}/archive`).expect(404);
      await perdure.api.post(`${path}/restore`).expect(404);
    });

    it('can only be read while it is archived', async () => {
      const path = await create('old');
      const desks = { name: 'Desks', unit: 'desks', capacity: 3 };
      const allocation = { assignee: 'ada', amount: 1 };
      await perdure.api.put(`${path}/resources/desks`).send(desks).expect(200);
      await perdure.api.put(`${path}/resources/desks/allocations/a`).send(allocation).expect(200);
      const { body } = await perdure.api.post(`${path}/archive`).set('perdure-reason', 'done').expect(200);
      expect((await perdure.api.post(`${path}/archive`).expect(200)).body.revision).toBe(body.revision);
      const refused = await Promise.all([
        perdure.api.patch(path).send({ name: 'A' }),
        perdure.api.put(`${path}/members/charles`).send({ role: 'viewer' }),
        perdure.api.patch(`${path}/members/ada`).send({ role: 'viewer' }),
        perdure.api.delete(`${path}/members/ada`),
        perdure.api.put(`${path}/resources/chairs`).send(desks),
        perdure.api.patch(`${path}/resources/desks`).send({ capacity: 9 }),
        perdure.api.delete(`${path}/resources/desks`),
        perdure.api.put(`${path}/resources/desks/allocations/b`).send(allocation),
        perdure.api.delete(`${path}/resources/desks/allocations/a`),
      ]);
      for (const { status, body: problem } of refused) {
        expect({ status, problem }).toMatchObject({ status: 409, problem: { code: 'project-archived' } });
        expect(problem.detail).toContain(`POST ${path}/restore`);
      }
      expect(await get(path)).toMatchObject({ status: 'archived', archivedAt: expect.any(String) });
      expect((await get(`${path}/resources/desks/allocations`)).items).toHaveLength(1);
      await perdure.api.post(`${path}/restore`).expect(200);
      await perdure.api.post(`${path}/restore`).expect(200);
      expect(await get(path)).toMatchObject({ status: 'active', revision: body.revision + 1 });
      await perdure.api.patch(path).send({ name: 'A' }).expect(200);
    });
  });

  describe('the list of projects', () => {
    it('is asked by member, status, tag and part of the name, in pages', async () => {
      const paths: string[] = [];
      for (const n of [1, 2, 3, 4, 5]) paths.push(await create(`l${n}`, { name: `Listed (${n})`, owner: 'lister' }));
      await perdure.api
        .patch(paths[1]!)
        .send({ tags: ['red', 'blue'] })
        .expect(200);
      await perdure.api.put(`${paths[2]}/members/guest`).send({ role: 'viewer' }).expect(200);
      await perdure.api.post(`${paths[4]}/archive`).expect(200);
      await listed('member=lister&status=active', ['l1', 'l2', 'l3', 'l4']);
      await listed('member=lister&status=archived', ['l5']);
      await listed('member=guest', ['l3']);
      await listed('tag=blue', ['l2']);
      await listed('name=LISTED%20(4)', ['l4']);
      await listed('name=listed%20(.)', []);
      await listed('member=nobody', []);
      const found = await pages(`${PROJECTS}?member=lister&limit=2`);
      expect(found.map((items) => items.map(({ id }) => id))).toEqual([['l1', 'l2'], ['l3', 'l4'], ['l5']]);
      expect(found[0]![0]).toEqual(await get(paths[0]!));
      await perdure.api.delete(`${paths[2]}/members/guest`).expect(200);
      await listed('member=guest', []);
    });

    it('waits for what was just written, where it is asked to', async () => {
      const path = await create('awaited');
      const { headers } = await perdure.api
        .patch(path)
        .send({ tags: ['at once'] })
        .expect(200);
      const { items } = await get(`${PROJECTS}?tag=at%20once&after=${headers['perdure-position']}`);
      expect(items).toMatchObject([{ id: 'awaited', revision: 1 }]);
    });

    it('refuses what it does not know', async () => {
      for (const query of ['status=lost', 'limit=0', 'cursor=x', 'colour=red']) {
        await perdure.api.get(`${PROJECTS}?${query}`).expect(400);
      }
    });
  });

  describe('the members of a project', () => {
    it('come, change and go, and are listed in pages', async () => {
      const path = await create('team');
      const member = (userId: string) => `${path}/members/${encodeURIComponent(userId)}`;
      await perdure.api.put(member('charles')).send({ role: 'viewer' }).expect(200);
      await perdure.api.put(member('a / b')).send({ role: 'member' }).expect(200);
      expect((await perdure.api.put(member('charles')).send({ role: 'viewer' })).body.revision).toBe(2);
      expect((await perdure.api.put(member('charles')).send({ role: 'owner' }).expect(409)).body).toMatchObject({
        code: 'project-member-exists',
      });
      await perdure.api.patch(member('charles')).send({ role: 'admin' }).expect(200);
      await perdure.api.patch(member('nobody')).send({ role: 'admin' }).expect(404);
      await perdure.api.patch(member('charles')).send({ role: 'king' }).expect(400);
      await perdure.api.put(member('x')).send({ role: 'viewer', userId: 'y' }).expect(400);
      expect(await pages(`${path}/members?limit=2`)).toEqual([
        [
          { userId: 'a / b', role: 'member' },
          { userId: 'ada', role: 'owner' },
        ],
        [{ userId: 'charles', role: 'admin' }],
      ]);
      await perdure.api.delete(member('a / b')).expect(200);
      expect((await perdure.api.delete(member('a / b')).expect(404)).body).toMatchObject({
        code: 'project-member-not-found',
      });
    });

    it('keep their last owner', async () => {
      const path = await create('owned');
      for (const refused of [
        perdure.api.delete(`${path}/members/ada`),
        perdure.api.patch(`${path}/members/ada`).send({ role: 'admin' }),
      ]) {
        expect((await refused.expect(409)).body).toMatchObject({ code: 'last-owner' });
      }
    });

    it('keep one owner where two remove each other at the same time', async () => {
      for (let round = 0; round < 10; round++) {
        const path = await create(`duel-${round}`);
        await perdure.api.put(`${path}/members/charles`).send({ role: 'owner' }).expect(200);
        const answers = await Promise.all([
          perdure.api.delete(`${path}/members/ada`),
          perdure.api.delete(`${path}/members/charles`),
        ]);
        expect(statuses(answers)).toEqual([200, 409]);
        expect((await get(`${path}/members`)).items).toMatchObject([{ role: 'owner' }]);
      }
    });
  });

  it('say in GraphQL what they say over REST', async () => {
    const ask = async (query: string) => (await perdure.api.post('/graphql').send({ query }).expect(200)).body;
    const { data: made } = await ask(`mutation {
      createProject(input: { projectId: "graph", name: "Graph", owner: "grace" }) { id revision position }
      addResource(input: { projectId: "graph", resourceId: "desks", name: "Desks", unit: "desks", capacity: 2 }) { revision }
      allocateResource(input: {
        projectId: "graph", resourceId: "desks", allocationId: "a", assignee: "grace", amount: 2, from: "${day(1)}"
      }) { position }
    }`);
    expect(made).toMatchObject({ createProject: { id: 'graph', revision: 0 }, addResource: { revision: 1 } });
    const { position } = made.allocateResource;
    const { data } = await ask(`query @after(position: "${position}") {
      project(projectId: "graph") { name members revision }
      none: project(projectId: "nobody") { name }
      projects(member: "grace", first: 5) { edges { node { id status } } pageInfo { hasNextPage } }
      projectMembers(projectId: "graph") { edges { node { userId role } } }
      projectResources(projectId: "graph") { edges { node { resourceId capacity allocations } } }
      projectAllocations(projectId: "graph", resourceId: "desks", last: 1) { edges { node { allocationId amount until } } }
      projectUtilisation(projectId: "graph", from: "${day(1)}", to: "${day(2)}") {
        edges { node { average share peak { allocated } steps { free } } }
      }
    }`);
    const nodes = (...items: object[]) => ({ edges: items.map((node) => ({ node })) });
    expect(data).toEqual({
      project: { name: 'Graph', members: ['grace'], revision: 2 },
      none: null,
      projects: { ...nodes({ id: 'graph', status: 'active' }), pageInfo: { hasNextPage: false } },
      projectMembers: nodes({ userId: 'grace', role: 'owner' }),
      projectResources: nodes({ resourceId: 'desks', capacity: 2, allocations: 1 }),
      projectAllocations: nodes({ allocationId: 'a', amount: 2, until: null }),
      projectUtilisation: nodes({ average: 2, share: 1, peak: { allocated: 2 }, steps: [{ free: 0 }] }),
    });
    const { errors } = await ask(`mutation {
      removeMember(input: { projectId: "graph", userId: "grace" }) { id }
    }`);
    expect(errors).toMatchObject([{ extensions: { code: 'last-owner' } }]);
    expect((await ask('{ projectMembers(projectId: "nobody") { edges { cursor } } }')).errors).toMatchObject([
      { extensions: { code: 'project-not-found' } },
    ]);
  });

  it('are described in the OpenAPI document', async () => {
    const { paths } = (await perdure.api.get('/openapi.json').expect(200)).body;
    const described = Object.keys(paths).filter((path) => path.startsWith(PROJECTS));
    expect(described).toHaveLength(12);
    const { put } = paths[`${PROJECTS}/{projectId}/resources/{resourceId}/allocations/{allocationId}`];
    expect(put.responses['409'].description).toContain('over-allocated');
  });

  it('say in a batch what they say alone', async () => {
    await create('batched');
    const add = (userId: string) => ({ command: 'AddMember', fields: { projectId: 'batched', userId, role: 'owner' } });
    const leave = (userId: string) => ({ command: 'RemoveMember', fields: { projectId: 'batched', userId } });
    const commands = [add('charles'), leave('ada'), leave('charles')];
    const { body } = await perdure.api.post('/api/v1/batches').send({ commands });
    expect(body.results).toMatchObject([{ status: 200 }, { status: 200 }, { problem: { code: 'last-owner' } }]);
  });
});
