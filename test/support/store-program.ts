import { systemIds } from '#kernel/ids';
import type { NewEvent } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';

/** What the program prints, one JSON a line: `opened` or `refused`, then a line for each append that was answered. */
export type Line =
  | { readonly opened: true }
  | { readonly refused: string }
  | { readonly stream: string; readonly ids: string[]; readonly revision: number; readonly position: string };

const print = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Opens the store and appends on so many lanes until it is killed. On no lane it only holds the store open. */
async function main(path: string, lanes: number, uid: number): Promise<void> {
  // To root no file is read-only.
  if (uid > 0) process.setuid!(uid);
  try {
    // So small that the program is often killed in a checkpoint.
    const store = await SqliteEventStore.open(path, { checkpointAfter: 2 ** 18 });
    print({ opened: true });
    setInterval(() => {}, 60_000);
    await Promise.all(Array.from({ length: lanes }, (_, lane) => appendForEver(store, lane)));
  } catch (error) {
    print({ refused: (error as { code: string }).code });
  }
}

async function appendForEver(store: SqliteEventStore, lane: number): Promise<void> {
  for (let n = lane; ; n++) {
    const stream = `main.task-${n % 24}`;
    const events = Array.from({ length: 1 + (n % 3) }, (): NewEvent => {
      return { id: systemIds.next(), type: 'task.changed', data: { text: 'x'.repeat((n % 7) * 300) }, metadata: {} };
    });
    const { revision, position } = await store.append(stream, 'any', events);
    print({ stream, ids: events.map(({ id }) => id), revision, position });
  }
}

if (import.meta.main) await main(process.argv[2]!, Number(process.argv[3]), Number(process.argv[4]));
