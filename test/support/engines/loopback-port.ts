import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections (from 32768 on): while a server is down, a client that keeps
// trying could be given the server's own port, connect to itself and keep the server from coming back.
const FIRST = 20_000;
const LAST = 32_000;

/** A port that nobody listens on and that stays free while its server is down. */
export async function loopbackPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
