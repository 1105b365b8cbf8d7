import fastify from 'fastify';

/** What is left of a server that does nothing: the ceiling of every other one. */
const server = fastify();
server.get('/', () => ({ ok: true }));
server.post('/', () => ({ ok: true }));
/** Takes commands and answers as if they had been carried out. */
server.post('/api/v1/batches', { bodyLimit: 16 * 2 ** 20 }, (request) => {
  const { commands } = request.body as { commands: unknown[] };
  return { results: commands.map(() => ({ status: 201, id: 'none', revision: 0, position: '1' })) };
});
await server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
