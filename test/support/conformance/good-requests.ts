import { done, field, head, startedBy, until, type GoodRequest, type Made } from './made.js';

type Good = GoodRequest | ((made: Made) => Promise<GoodRequest>);

const customer = {
  type: 'object',
  'x-subject': 'person',
  properties: { person: { type: 'string' }, email: { type: 'string', 'x-personal': true } },
};
const ada = { noun: 'Customer', id: 'ada' };
const order = { noun: 'Order', id: 'o/1 ü' };
const bought = { ...ada, relationship: 'bought', toNoun: 'Order', toId: order.id };
const seen = { ...bought, relationship: 'seen' };
const engine = { projectId: 'engine' };
const desks = { ...engine, resourceId: 'desks' };
const chairs = { ...engine, resourceId: 'chairs' };
const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' };
const always = { from: '2026-01-01T00:00:00Z', to: '2026-12-31T00:00:00Z' };
const type = 'Order';
const soon = { command: 'ActOnThing', fields: { noun: 'Reminder', id: 'r', verb: 'sent', create: true } };
const page = { limit: '1' };
const stale = { ...page, after: '1', wait: '10s' };

/**
 * Good requests of every operation, in an order in which all of them are: what makes the world, what looks at it, and what takes it
 * apart. Some operations have several.
 */
export const GOOD_REQUESTS: readonly (readonly [operation: string, good: Good])[] = [
  ['nouns_define', { path: { noun: 'Customer' }, body: { schema: customer, description: 'Who buys' } }],
  ['things_create', { path: ada, body: { $id: 'ada', person: 'ada', email: 'ada@example.org' } }],
  ['things_create', { path: ada, body: { $id: 'bob', person: 'bob', email: 'bob@example.org' } }],
  ['things_create', { path: order, body: { $id: order.id, n: 1, tags: ['a', 'ß'] } }],
  ['things_update', { path: order, body: { n: 2 }, headers: { 'perdure-reason': 'counted', 'correlation-id': 'c-1' } }],
  ['things_replace', { path: order, body: { n: 3 } }],
  ['things_act', { path: { ...order, verb: 'shipped' }, body: { data: { by: 'van' }, set: { van: 7 } } }],
  ['relationships_relate', { path: seen }],
  ['relationships_relate', { path: bought, body: { data: { on: 'sale' } } }],
  ['things_softDelete', { path: order }],
  ['things_restore', { path: order }],
  ['collections_add', { path: { noun: 'Cup' }, body: { $id: 'c', size: 1 } }],
  ['collections_update', { path: { noun: 'Cup', id: 'c' }, body: { size: 2 } }],
  [
    'batches_carryOut',
    { body: { commands: [{ command: 'CreateThing', fields: { noun: 'Lamp', id: 'l', data: {} } }] } },
  ],
  ['batches_carryOut', { body: { commands: [{ command: 'Nonsense', fields: {} }] } }],
  ['schedules_request', { body: { id: 'once', command: soon, time: { after: 0 } } }],
  ['schedules_request', { body: { id: 'later', command: soon, time: { at: '2999-01-01T00:00:00Z' } } }],
  [
    'schedules_request',
    { body: { id: 'daily', command: soon, time: { cron: '0 9 * * *', timeZone: 'Europe/Berlin' } } },
  ],
  ['project_create', { body: { ...engine, name: 'Engine', owner: 'ada', tags: ['maths'], metadata: { year: 1843 } } }],
  ['project_update', { path: engine, body: { description: 'brass' } }],
  ['projectMembers_add', { path: { ...engine, userId: 'bob' }, body: { role: 'viewer' } }],
  ['projectMembers_changeRole', { path: { ...engine, userId: 'bob' }, body: { role: 'member' } }],
  ['projectResources_add', { path: chairs, body: { name: 'Chairs', unit: 'chairs', capacity: 1 } }],
  ['projectResources_add', { path: desks, body: { name: 'Desks', unit: 'desks', capacity: 10 } }],
  ['projectResources_change', { path: desks, body: { name: 'Tables', capacity: 12 } }],
  ['projectAllocations_allocate', { path: { ...desks, allocationId: 'b' }, body: { assignee: 'bob', amount: 1 } }],
  [
    'projectAllocations_allocate',
    {
      path: { ...desks, allocationId: 'a' },
      body: { assignee: 'ada', amount: 2, ...{ from: march.from, until: march.to } },
    },
  ],
  ['subjects_erase', { path: { id: 'bob' }, headers: { 'perdure-reason': 'asked for' } }],

  ['problems_list', {}],
  ['problems_explain', { path: { code: 'invalid-input' } }],
  ['health_health', {}],
  ['health_ready', {}],
  ['metrics_read', {}],
  ['backup_backup', {}],
  ['nouns_list', { query: stale }],
  ['nouns_get', { path: ada }],
  ['nouns_count', { path: { noun: 'Order' }, query: { where: '{"n":{"$gt":1}}', deleted: 'with' } }],
  ['nouns_first', { path: { noun: 'Order' }, query: { sort: '-n,$id' } }],
  ['thingQueries_list', { path: { noun: 'Order' }, query: { where: '{"n":3}', sort: '-n', fields: 'n', ...stale } }],
  ['thingQueries_list', { path: { noun: 'Customer' }, query: { deleted: 'with', after: '1' } }],
  ['thingQueries_get', { path: order }],
  ['thingQueries_get', { path: { noun: 'Customer', id: 'bob' }, query: { revision: '0' } }],
  ['thingQueries_get', { path: order, headers: { 'if-none-match': '"6"' } }],
  ['thingQueries_history', { path: order, query: { order: 'desc', ...page } }],
  ['thingQueries_history', { path: { noun: 'Customer', id: 'bob' } }],
  ['relationships_list', { path: ada, query: { direction: 'out', name: 'bought', ...stale } }],
  ['relationships_list', { path: order, query: { direction: 'in', after: '1' } }],
  ['collections_collections', { query: stale }],
  ['collections_query', { path: { noun: 'Cup' }, query: { sort: '$id', ...stale } }],
  ['collections_get', { path: { noun: 'Cup', id: 'c' } }],
  ['schedules_list', { query: { state: 'open', ...stale } }],
  [
    'schedules_get',
    async (made) => {
      await until(made, '/api/v1/schedules/once', ({ state }) => state === 'completed');
      return { path: { id: 'once' } };
    },
  ],
  ['schedules_get', { path: { id: 'daily' } }],
  ['subjects_get', { path: { id: 'bob' } }],
  ['project_list', { query: { status: 'active', member: 'ada', tag: 'maths', name: 'eng', ...stale } }],
  ['project_get', { path: engine }],
  ['projectMembers_list', { path: engine, query: page }],
  ['projectResources_list', { path: engine, query: page }],
  ['projectResources_get', { path: desks }],
  ['projectAllocations_list', { path: desks, query: page }],
  ['projectAllocations_utilisation', { path: desks, query: march }],
  ['projectAllocations_utilisations', { path: engine, query: { ...march, ...page } }],
  ['jobs_list', { query: page }],
  ['jobs_get', { path: { key: 'schedule:main:daily' } }],
  ['objects_get', { path: { type, id: order.id }, query: { revision: '1' } }],
  ['objects_get', { path: { type: 'Customer', id: 'bob' } }],
  ['objects_get', { path: { type: 'project', id: 'engine' }, query: { at: '2999', clock: 'occurred' } }],
  ['objects_get', { path: { type: 'subject', id: 'bob' } }],
  ['objects_history', { path: { type, id: order.id }, query: { order: 'desc', clock: 'occurred', ...page } }],
  ['objects_history', { path: { type, id: order.id }, query: { stored: 'true' } }],
  ['objects_history', { path: { type: 'Customer', id: 'bob' } }],
  ['objects_diff', { path: { type, id: order.id }, query: { from: '0' } }],
  ['objects_blame', { path: { type, id: order.id }, query: { below: '/data' } }],
  ['objects_trace', { path: { type, id: order.id }, query: { revision: '1' } }],
  [
    'objects_dryRun',
    { path: { type, id: order.id }, body: { command: 'UpdateThing', fields: { ...order, patch: { n: 9 } } } },
  ],
  ['objects_dryRun', { path: { type, id: order.id }, body: { command: 'RestoreThing', fields: order, revision: 0 } }],
  ['traces_get', { path: { correlationId: 'c-1' } }],
  ['eventFeed_list', { query: { objectType: type, objectId: order.id, order: 'desc', ...page } }],
  ['eventFeed_list', { query: { limit: '1000' } }],
  ['eventFeed_get', async (made) => ({ path: { id: await field(made, '/api/v1/events', 'id') } })],
  ['eventFeed_live', { query: { cursor: '0' } }],
  ['audit_events', { query: { refused: 'without', clock: 'occurred', order: 'desc', text: 'counted', ...stale } }],
  ['audit_events', { query: { limit: '1000' } }],
  ['audit_report', { query: { ...always, top: '5' } }],
  ['audit_report', { query: { ...always, format: 'csv' } }],
  ['audit_export', async (made) => (await head(made), {})],
  ['audit_export', { query: { format: 'csv' } }],
  ['auditTree_key', {}],
  ['auditTree_list', { query: page }],
  ['auditTree_latest', {}],
  ['auditTree_inclusion', async (made) => ({ query: { event: await field(made, '/api/v1/events', 'id') } })],
  ['auditTree_consistency', async (made) => ({ query: { from: '0', to: String((await head(made))['size']) } })],

  ['projections_list', {}],
  ['projections_get', { path: { name: 'things' } }],
  ['projections_rebuild', { path: { name: 'things' } }],
  ['operations_cancel', async (made) => ({ path: { id: await startedBy('projections_rebuild')(made) } })],
  [
    'operations_resume',
    async (made) => {
      const id = await startedBy('projections_rebuild')(made);
      await until(made, `/api/v1/operations/${id}`, ({ state }) => state === 'cancelled');
      return { path: { id } };
    },
  ],
  [
    'projections_rebuildSeveral',
    async (made) => {
      await done(made, 'projections_rebuild');
      return { body: { projections: ['things', 'nouns'] } };
    },
  ],
  ['operations_get', async (made) => ({ path: { id: await startedBy('projections_rebuildSeveral')(made) } })],
  ['operations_progress', async (made) => ({ path: { id: await startedBy('projections_rebuildSeveral')(made) } })],
  ['operations_list', { query: { kind: 'rebuild', ...page } }],
  ['readModels_request', { path: { name: 'things' }, body: { position: '5' } }],
  [
    'readModels_query',
    async (made) => {
      const operationId = await startedBy('readModels_request')(made);
      await done(made, 'readModels_request');
      return { path: { name: 'things', operationId }, query: page };
    },
  ],
  ['projections_pause', { path: { name: 'nouns' } }],
  ['projections_resume', { path: { name: 'nouns' } }],
  [
    'parkedEvents_list',
    async (made) => {
      await done(made, 'projections_rebuildSeveral');
      await made.park('Customer', 'ada');
      await made.park('Order', order.id);
      await made.park('Cup', 'c');
      return { query: { projection: 'things', ...page } };
    },
  ],
  ['parkedEvents_groups', { query: { projection: 'things' } }],
  ['parkedEvents_get', { path: { id: 'things/key/main.Cup-c' } }],
  ['health_ready', {}],
  ['parkedEvents_skip', { path: { id: 'things/key/main.Cup-c' }, body: { reason: 'broken' } }],
  ['parkedEvents_replay', { path: { id: 'things/key/main.Customer-ada' } }],
  ['parkedEvents_replays', { body: { projection: 'things' } }],

  ['jobs_cancel', { path: { key: 'schedule:main:daily' } }],
  ['jobs_retry', { path: { key: 'schedule:main:daily' } }],
  ['schedules_cancel', { path: { id: 'later' } }],
  ['relationships_unrelate', { path: seen }],
  ['projectAllocations_deallocate', { path: { ...desks, allocationId: 'b' } }],
  ['projectResources_remove', { path: chairs }],
  ['projectMembers_remove', { path: { ...engine, userId: 'bob' } }],
  ['project_archive', { path: engine }],
  ['project_restore', { path: engine }],
  ['collections_remove', { path: { noun: 'Cup', id: 'c' } }],
  ['things_create', { path: order, body: { $id: 'gone' } }],
  ['things_remove', { path: { ...order, id: 'gone' } }],
  ['nouns_define', { path: { noun: 'Gone' }, body: {} }],
  ['nouns_undefine', { path: { noun: 'Gone' } }],
];

/** Operations that cannot have a good request here, and why: none so far. */
export const WITHOUT_GOOD_REQUEST: Readonly<Record<string, string>> = {};
