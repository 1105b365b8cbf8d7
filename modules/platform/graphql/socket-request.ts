import type { IncomingMessage } from 'node:http';

export const GRAPHQL_PATH = '/graphql';

/** Which requests for another protocol the server hands over: others, such as those for HTTP/2, are answered as if they had not asked. */
export function isForSocket({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && url?.split('?', 1)[0] === GRAPHQL_PATH && headers.upgrade?.toLowerCase() === 'websocket';
}
