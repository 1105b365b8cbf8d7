import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, ReadyReport } from '#test/support/api-client';
import type { Part, Running } from './deployment.js';

/** A part's probe has 2 s; the rest is for a machine that has other things to do. */
const NAMED_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 30_000;

/** Resolves when every process says of this part, and of no other, that it is away, and that it is alive itself. */
export async function allName(part: Part, processes: readonly Running[]): Promise<void> {
  await allSay(processes, `only the ${part} is away`, NAMED_WITHIN_MS, (report) => {
    return report.status === 'not-ready' && away(report).join() === part;
  });
}

/** Resolves when every process says that nothing is away. */
export async function allAreReady(processes: readonly Running[]): Promise<void> {
  await allSay(processes, 'all is there', BACK_WITHIN_MS, ({ status }) => status === 'ready');
}

export function away({ parts }: ReadyReport): string[] {
  return parts.filter(({ ready }) => !ready).map(({ name }) => name);
}

async function allSay(
  processes: readonly Running[],
  words: string,
  withinMs: number,
  isSaid: (report: ReadyReport) => boolean,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  await Promise.all(
    processes.map(async ({ api }) => {
      for (;;) {
        const report = await api.ready();
        if ((await isAlive(api)) && isSaid(report)) return;
        if (performance.now() > deadline) throw new Error(`${api.url} does not say that ${words}: ${show(report)}`);
        await sleep(50);
      }
    }),
  );
}

async function isAlive(api: ApiClient): Promise<boolean> {
  return (await api.send('GET', '/health')).status === 200;
}

function show({ status, parts }: ReadyReport): string {
  return JSON.stringify({ status, parts });
}
