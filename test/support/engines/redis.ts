import { once } from 'node:events';
import { connect } from 'node:net';
import { EngineProcess } from './engine-process.js';
import { pathOf } from './programs.js';

export interface RedisOptions {
  /** Further arguments of redis-server, such as `['--maxmemory', '4mb']`; they win over ours. */
  readonly extra?: readonly string[];
}

/** What to do where there is no redis-server; undefined where there is one. */
export function redisMissing(): string | undefined {
  return pathOf('redis-server') ? undefined : 'install the Debian package redis-server';
}

/** A Redis that keeps what it has acknowledged, also through SIGKILL: each answer waits for the append-only file. */
export function redis({ extra = [] }: RedisOptions = {}): EngineProcess {
  return new EngineProcess({
    name: 'redis',
    command: (port, folder) => [
      ...['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
      ...extra,
    ],
    url: (port) => `redis://127.0.0.1:${port}`,
    answers,
  });
}

/** While Redis reads its file it answers `-LOADING`. One that wants a password first is up as well. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.setTimeout(1_000, () => socket.destroy(new Error('silent')));
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return /^(\+PONG|-NOAUTH)/.test(answer.toString());
  } finally {
    socket.destroy();
  }
}
