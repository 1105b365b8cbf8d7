import type { FastifyReply, FastifyRequest } from 'fastify';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Perdure GraphQL</title>
<h1>Perdure GraphQL</h1>
<p>This is where GraphQL clients send their operations: queries and mutations by POST, queries also by GET, subscriptions over a
WebSocket (graphql-transport-ws).</p>
<p>The schema: <a href="/schema.graphql">/schema.graphql</a>. The same over REST: <a href="/reference">/reference</a>.
What errors mean: <a href="/problems">/problems</a>.</p>
<pre>curl localhost:3000/graphql --json '{"query": "{ nouns { edges { node { noun } } } }"}'</pre>
</html>
`;

/** Whether a person looks at the URL with a browser. */
export function wantsPage({ method, headers, query }: FastifyRequest): boolean {
  const asksNothing = (query as { query?: string }).query === undefined;
  return method === 'GET' && asksNothing && (headers.accept ?? '').includes('text/html');
}

/** Says what is here. It needs no script and no style, and the policy of all answers allows none. */
export function greetBrowser(reply: FastifyReply): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(PAGE);
}
