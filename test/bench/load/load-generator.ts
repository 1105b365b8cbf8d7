import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Load, LoadResult } from './load.js';

/**
 * Puts a load on a server. It writes prepared bytes to sockets and looks at little more of an answer than its length: on a machine
 * with two cores a generator that does more is measured along with the server.
 *
 * Rejects where an answer is not a success.
 */
export async function generateLoad(load: Load): Promise<LoadResult> {
  const requests = requestsOf(load);
  const latencies: number[] = [];
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load.port)));
  const start = performance.now();
  const end = start + load.seconds * 1_000;
  await Promise.all(sockets.map((socket) => keepAsking(socket, requests, end, latencies)));
  const seconds = (performance.now() - start) / 1_000;
  for (const socket of sockets) socket.destroy();

  latencies.sort((a, b) => a - b);
  const percentile = (part: number): number => latencies[Math.floor(latencies.length * part)]!;
  return { perSecond: latencies.length / seconds, p50: percentile(0.5), p99: percentile(0.99) };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  return socket;
}

/** A function that makes the next request. */
function requestsOf({ method, path, numbers = 1, body }: Load): () => string {
  const content = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  const rest = ` HTTP/1.1\r\nhost: localhost\r\n${content}\r\n${body ?? ''}`;
  const [before = '', after] = path.split('{n}');
  let n = 0;
  return () => `${method} ${after === undefined ? before : `${before}${n++ % numbers}${after}`}${rest}`;
}

function keepAsking(socket: Socket, next: () => string, end: number, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let sentAt = 0;
    const ask = (): void => {
      sentAt = performance.now();
      socket.write(next(), 'latin1');
    };
    socket.once('error', reject).once('close', () => reject(new Error('The server closed a connection.')));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const size = sizeOf(received);
      if (size === undefined || received.length < size) return;
      if (!received.startsWith('HTTP/1.1 2')) return reject(new Error(`The server answered:\n${received}`));
      received = received.slice(size);
      const now = performance.now();
      latencies.push(now - sentAt);
      if (now < end) ask();
      else resolve();
    });
    ask();
  });
}

/** Bytes of the answer; undefined as long as its head is not complete. */
function sizeOf(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received);
  return headEnd + 4 + Number(length?.[1] ?? 0);
}
