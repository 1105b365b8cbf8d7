import { setTimeout as sleep } from 'node:timers/promises';
import { openJobs } from '#platform/stores/open-jobs';

/** What the program prints, one JSON a line: that it works, and what its handlers do. */
export type WorkerLine =
  { readonly works: true } | { readonly begun: string; readonly attempt: number } | { readonly done: string };

const print = (line: WorkerLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Works on the queue `default` until it is killed. The payload of a job is how many milliseconds it takes; -1 is for ever. */
async function main(url: string, lock: number): Promise<void> {
  const jobs = await openJobs(url, { lock });
  jobs.work('default', {
    h: async ({ key, payload, attempt }) => {
      print({ begun: key, attempt });
      await sleep(payload === -1 ? 2 ** 31 - 1 : Number(payload));
      print({ done: key });
    },
  });
  print({ works: true });
}

if (import.meta.main) await main(process.argv[2]!, Number(process.argv[3]));
