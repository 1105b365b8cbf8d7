import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { TcpProxy } from './tcp-proxy.js';

let echo: Server;
let proxy: TcpProxy;
const opened: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await TcpProxy.to(`echo://127.0.0.1:${(echo.address() as AddressInfo).port}/path?and=query`);
});

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

function open(): Socket {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  socket.on('error', () => {});
  opened.push(socket);
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  return String(((await once(socket, 'data')) as [Buffer])[0]);
}

/** Resolves when a connection is gone, in whatever way. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Says a word and waits for it to come back. */
async function ask(socket: Socket, word: string): Promise<string> {
  socket.write(word);
  return heard(socket);
}

describe('a TCP proxy', () => {
  it('forwards both ways and keeps the rest of the URL', async () => {
    expect(new URL(proxy.url)).toMatchObject({ pathname: '/path', search: '?and=query' });
    expect(await ask(open(), 'hello')).toBe('hello');
    expect(proxy.connections).toBe(1);
  });

  it('passes the end of one side on after all its bytes', async () => {
    const socket = open();
    const bytes = Buffer.alloc(1_000_000, 'x');
    socket.end(bytes);
    expect((await buffer(socket)).equals(bytes)).toBe(true);
  });

  it('cut, resets what is open and refuses what is new, until it is restored', async () => {
    const before = open();
    await ask(before, 'hello');
    const error = once(before, 'error');

    await proxy.cut();

    expect(await error).toMatchObject([{ code: 'ECONNRESET' }]);
    await expect(once(open(), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.restore();
    expect(await ask(open(), 'again')).toBe('again');
  });

  it('hanging, accepts and is silent, and then delivers what was held back', async () => {
    const before = open();
    await ask(before, 'hello');

    proxy.hang();
    const during = open();
    await once(during, 'connect');
    const answers = Promise.all([ask(before, 'old'), ask(during, 'new')]);
    const first = await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, 50, 'silence'))]);
    await proxy.restore();

    expect(first).toBe('silence');
    expect(await answers).toEqual(['old', 'new']);
  });

  it('slow, takes its time in each direction', async () => {
    const socket = open();
    await ask(socket, 'hello');

    proxy.slow(20, 1_000);
    const start = performance.now();
    await ask(socket, 'x'.repeat(50));

    // Twice 20 ms and 50 bytes at 1,000 a second; a timer may fire a moment early.
    expect(performance.now() - start).toBeGreaterThan(135);
  });

  it('closes a connection whose server has gone', async () => {
    const socket = open();
    await ask(socket, 'hello');
    const [atServer] = await new Promise<[Socket]>((resolve) => {
      echo.once('connection', (next: Socket) => resolve([next]));
      void ask(open(), 'second');
    });
    const closed = gone(opened.at(-1)!);

    atServer.resetAndDestroy();

    await closed;
    expect(await ask(socket, 'still here')).toBe('still here');
  });
});
