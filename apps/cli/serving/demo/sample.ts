import type { JsonObject } from '#kernel/json';
import { CommandFailed } from '../../exit-codes.js';
import type { ApiAnswer, ApiRequest, ApiSession } from './api-session.js';
import type { Narration } from './narration.js';

const customer = { name: 'Ada Byron', city: 'London' };
const newOrder = { item: 'difference engine', total: 140, status: 'new' };
const shipment = { carrier: 'Albion', parcel: 'LDN-7' };

/**
 * A customer signs up, orders, and gets her parcel; each step is a request that any client could send. It makes new objects
 * each time, so it can be played on any data. Throws CommandFailed where an answer is another than expected.
 */
export async function playSample(api: ApiSession, narration: Narration): Promise<void> {
  const command = async (request: ApiRequest, expected: number): Promise<ApiAnswer> => {
    narration.tell(
      'command',
      `${request.method} ${request.path}${headersOf(request)}`,
      ...(request.body ? [request.body] : []),
    );
    return api.send(request, expected);
  };

  // Without $id Perdure makes one; these are easier to follow by eye.
  const run = Date.now().toString(36);
  const customerId = `ada-${run}`;
  const orderId = `order-${run}`;

  narration.step('A customer signs up.');
  const signUp = await command(
    { method: 'POST', path: '/api/v1/things/Customer', body: { $id: customerId, ...customer } },
    201,
  );
  narration.tell(
    'answer',
    `201, the customer exists and is on the disk, at revision ${signUp.body['revision'] as number}`,
  );

  narration.step('She places an order.');
  const placed = await command(
    { method: 'POST', path: '/api/v1/things/Order', body: { $id: orderId, ...newOrder } },
    201,
  );
  const order = `/api/v1/things/Order/${orderId}`;
  const related = `${order}/relationships/customer/Customer/${customerId}`;
  await command({ method: 'PUT', path: related }, 200);

  narration.step('The order is shipped: the verb becomes an event in the stream of the order.');
  const body = { data: shipment, set: { status: 'shipped' } };
  await command({ method: 'POST', path: `${order}/verbs/ship`, body }, 200);
  const event = await api.read(`${order}/history`, (history) => eventOfType(history, 'Order.ship'));
  narration.tell(
    'event',
    `${event['type'] as string} at revision ${event['revision'] as number}`,
    event['data'] as JsonObject,
  );

  narration.step('The read model answers: which orders above 100 are shipped, newest first?');
  const query = '/api/v1/things/Order?where={"status":"shipped","total":{"$gt":100}}&sort=-$created_at&limit=1';
  narration.tell('query', `GET ${query}`);
  const found = await api.read(query, (page) => itemWithId(page, orderId));
  narration.tell('answer', '200', found);

  narration.step('The same order as it was before.');
  const earlier = `${order}?revision=0`;
  narration.tell('query', `GET ${earlier}`);
  const { body: before } = await api.send({ method: 'GET', path: earlier }, 200);
  if (before['status'] !== 'new') throw new CommandFailed(`${earlier} is not as it was: ${JSON.stringify(before)}`);
  narration.tell('answer', '200', before);

  narration.step('Somebody who has not seen the shipment cancels the order, and is told.');
  const headers = { 'If-Match': placed.etag! };
  const late = await command({ method: 'PATCH', path: order, headers, body: { status: 'cancelled' } }, 412);
  narration.tell('answer', `412 ${late.body['code'] as string}`, late.body['detail'] as string);
}

function headersOf({ headers = {} }: ApiRequest): string {
  return Object.entries(headers)
    .map(([name, value]) => `  ${name}: ${value}`)
    .join('');
}

function itemsOf(page: JsonObject): JsonObject[] {
  return (page['items'] ?? []) as JsonObject[];
}

function eventOfType(history: JsonObject, type: string): JsonObject | undefined {
  return itemsOf(history).find((event) => event['type'] === type);
}

function itemWithId(page: JsonObject, id: string): JsonObject | undefined {
  return itemsOf(page).find((item) => item['$id'] === id);
}
