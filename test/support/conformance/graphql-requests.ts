import {
  getNamedType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isInterfaceType,
  type GraphQLField,
  type GraphQLNamedType,
} from 'graphql';
import { field, until, type Made } from './made.js';

const engine = { projectId: 'engine' };
const desks = { ...engine, resourceId: 'desks' };
const lamp = { noun: 'Lamp', id: 'a' };
const shop = { noun: 'Shop', id: 's' };
const soldAt = { ...lamp, relationship: 'soldAt', toNoun: 'Shop', toId: 's' };
const march = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' };
const page = { first: 1 };
const person = { type: 'object', properties: { email: { type: 'string', 'x-personal': true } } };
const job = { key: 'schedule:main:often' };
const remind = { command: 'ActOnThing', fields: { noun: 'Reminder', id: 'r', verb: 'sent', create: true } };

type GoodArguments = object | ((made: Made) => Promise<object>);

/** The latest operation. */
const operation = async (made: Made) => ({ id: await field(made, '/api/v1/operations', 'id') });

const stateOf = async (made: Made, state: string) => {
  const { id } = await operation(made);
  await until(made, `/api/v1/operations/${id}`, (body) => body['state'] === state);
  return { id };
};

const soon = { command: 'DeleteThing', fields: lamp };

/** Arguments of a good request of every field of the mutations and queries, in an order in which all of them are. */
export const GOOD_ARGUMENTS: readonly (readonly [field: string, args: GoodArguments])[] = [
  ['defineNoun', { input: { noun: 'Person', schema: person } }],
  ['createThing', { input: { noun: 'Person', id: 'ada', data: { email: 'ada@example.org' } } }],
  ['eraseSubject', { id: 'Person-ada', reason: 'asked for' }],
  ['defineNoun', { input: { noun: 'Lamp', description: 'Gives light', schema: { type: 'object' } } }],
  ['createThing', { input: { ...lamp, data: { watts: 5 } }, reason: 'wanted', idempotencyKey: 'k' }],
  ['createThing', { input: { ...shop, data: {} }, occurredAt: '2026-01-31T09:30:00Z' }],
  ['updateThing', { input: { ...lamp, patch: { watts: 6 } }, expectedRevision: 0 }],
  ['replaceThing', { input: { ...lamp, data: { watts: 7 } } }],
  ['actOnThing', { input: { ...lamp, verb: 'lit', data: { by: 'ada' }, set: { on: true } } }],
  ['relateThing', { input: { ...soldAt, data: { price: 3 } } }],
  ['softDeleteThing', { input: shop }],
  ['restoreThing', { input: shop }],
  ['requestSchedule', { input: { id: 'later', command: soon, time: { at: '2999-01-01T00:00:00Z' } } }],
  ['requestSchedule', { input: { id: 'often', command: remind, time: { cron: '0 9 * * *' } } }],
  ['createProject', { input: { ...engine, name: 'Engine', owner: 'ada', tags: ['maths'], metadata: { year: 1843 } } }],
  ['updateProject', { input: { ...engine, description: 'brass' } }],
  ['addMember', { input: { ...engine, userId: 'bob', role: 'viewer' } }],
  ['changeMemberRole', { input: { ...engine, userId: 'bob', role: 'member' } }],
  ['addResource', { input: { ...desks, name: 'Desks', unit: 'desks', capacity: 10 } }],
  ['changeResource', { input: { ...desks, capacity: 12 } }],
  ['allocateResource', { input: { ...desks, allocationId: 'a', assignee: 'ada', amount: 2 } }],

  ['thing', lamp],
  ['thing', { ...lamp, revision: 0 }],
  ['things', { noun: 'Lamp', where: { watts: { $gt: 1 } }, sort: '-watts', deleted: 'with', ...page }],
  ['thingCount', { noun: 'Lamp', where: { watts: 7 } }],
  ['noun', { noun: 'Lamp' }],
  ['nouns', page],
  ['node', { nodeId: 'any' }],
  ['object', { type: 'Lamp', id: 'a', revision: 1 }],
  ['dryRun', { type: 'Lamp', id: 'a', command: 'UpdateThing', fields: { ...lamp, patch: { watts: 9 } } }],
  ['trace', { correlationId: 'good' }],
  ['auditEvents', { order: 'desc', refused: 'without', clock: 'occurred', limit: 2 }],
  ['auditReport', { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z', top: 3 }],
  ['schedule', { id: 'later' }],
  ['schedules', { state: 'open', ...page }],
  ['project', engine],
  ['projects', { member: 'ada', tag: 'maths', name: 'eng', status: 'active', ...page }],
  ['projectMembers', { ...engine, ...page }],
  ['projectResources', { ...engine, ...page }],
  ['projectAllocations', { ...desks, ...page }],
  ['projectUtilisation', { ...engine, ...march, ...page }],
  ['auditHeads', { limit: 1 }],
  ['auditHead', {}],
  ['events', { order: 'desc', objectType: 'Lamp', limit: 2 }],
  ['event', async (made) => ({ id: await field(made, '/api/v1/events', 'id') })],
  ['subject', { id: 'Person-ada' }],
  ['jobs', { limit: 1 }],
  ['job', job],
  ['cancelJob', job],
  ['retryJob', job],
  ['projections', {}],
  ['projection', { name: 'things' }],
  ['pauseProjection', { name: 'nouns' }],
  ['resumeProjection', { name: 'nouns' }],
  ['rebuildProjections', { projections: ['things'] }],
  ['cancelOperation', operation],
  ['resumeOperation', (made) => stateOf(made, 'cancelled')],
  ['operations', { kind: 'rebuild', limit: 1 }],
  ['operation', (made) => stateOf(made, 'done')],
  [
    'parkedEvents',
    async (made) => {
      await made.park('Lamp', 'a');
      await made.park('Shop', 's');
      await made.park('Person', 'ada');
      return { projection: 'things', limit: 1 };
    },
  ],
  ['parkedEventGroups', { projection: 'things' }],
  ['parkedEvent', { id: 'things/key/main.Lamp-a' }],
  ['replayParkedEvent', { id: 'things/key/main.Lamp-a' }],
  ['skipParkedEvent', { id: 'things/key/main.Shop-s', reason: 'broken' }],
  ['replayParkedEvents', { projection: 'things' }],

  ['cancelSchedule', { input: { id: 'later' } }],
  ['unrelateThing', { input: soldAt }],
  ['deallocateResource', { input: { ...desks, allocationId: 'a' } }],
  ['removeResource', { input: desks }],
  ['removeMember', { input: { ...engine, userId: 'bob' } }],
  ['archiveProject', { input: engine }],
  ['restoreProject', { input: engine }],
  ['deleteThing', { input: shop }],
  ['defineNoun', { input: { noun: 'Gone' } }],
  ['undefineNoun', { input: { noun: 'Gone' } }],
];

/** How far down an answer is asked for. */
const DEPTH = 4;

/** An operation that asks for the field by variables, and for everything in it that needs no more arguments. */
export function documentOf(kind: 'query' | 'mutation', field: GraphQLField<unknown, unknown>): string {
  const variables = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const args = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = selectionOf(getNamedType(field.type), DEPTH);
  return `${kind}${variables && `(${variables})`} { ${field.name}${args && `(${args})`} ${selection} }`;
}

function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (isLeafType(type) || !(isObjectType(type) || isInterfaceType(type))) return '';
  const fields = Object.values(type.getFields()).filter(({ args }) => !args.some((each) => isNonNullType(each.type)));
  const below = fields.flatMap(({ name, type: its }) => {
    const selection = isLeafType(getNamedType(its)) ? '' : depth > 1 && selectionOf(getNamedType(its), depth - 1);
    return selection === false ? [] : [`${name} ${selection}`];
  });
  return `{ ${below.join(' ') || '__typename'} }`;
}
