import { describe, expect, it } from '@jest/globals';
import { comparePositions, START, type Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { ReadStore, Write } from '#platform/read-store/read-store.port';
import { CommandGate, type Fate } from './command-gate.js';

/** An event as the projection below sees it. */
interface Happened {
  readonly position: Position;
  readonly key: string;
  readonly what: 'set' | 'removed';
}

const EVENTS: readonly Happened[] = 'a b c -c a d -b c -d b a -a e'.split(' ').map((word, i) => ({
  position: String(i + 1),
  key: word.replace('-', ''),
  what: word.startsWith('-') ? 'removed' : 'set',
}));
/** The page that is cut off, and the page of whoever takes over, which ends elsewhere. */
const [FIRST, SECOND, LAST] = [3, 9, EVENTS.length];

const to = (count: number) => ({ position: EVENTS[count - 1]!.position, version: 1 });

/** A projection's runner, as far as it concerns its store. */
async function page(store: ReadStore, count: number, token: number): Promise<void> {
  const from = await store.checkpoint('p');
  const events = EVENTS.slice(0, count).filter(({ position }) => isAfter(position, from?.position ?? START));
  const keys = [...new Set(events.map(({ key }) => key))];
  const before = await store.projected('c', keys);
  const writes = keys.flatMap((id): Write[] => {
    const { document = null, position = START } = before.get(id) ?? {};
    const own = events.filter((event) => event.key === id && isAfter(event.position, position));
    const last = own.at(-1);
    return last ? [{ collection: 'c', id, document: own.reduce(fold, document), position: last.position }] : [];
  });
  await store.write(writes, { projection: 'p', from, to: to(count), token });
}

function isAfter(a: Position, b: Position): boolean {
  return comparePositions(a, b) > 0;
}

function fold(document: object | null, { position, what }: Happened): JsonObject | null {
  const { seen = [] } = (document ?? {}) as { seen?: string[] };
  return what === 'removed' ? null : { seen: [...seen, position] };
}

async function state(store: ReadStore): Promise<unknown> {
  const { items } = await store.query('c');
  return { items, checkpoint: await store.checkpoint('p'), count: await store.count('c') };
}

/** A server without transactions: wherever a write breaks off, whoever takes over comes to the same documents. */
export function positionGuard(server: () => string, open: (url: string) => Promise<ReadStore>): void {
  describe.each<Fate>(['lost', 'late'])('a write whose next command is %s', (fate) => {
    it('leaves the same documents, wherever it breaks off', async () => {
      const whole = await begin(server(), open, 'whole');
      for (const count of [SECOND, LAST]) await page(whole, count, 1);
      const expected = await state(whole);
      await whole.close();
      expect(expected).toMatchObject({ count: 3 });

      let broke = true;
      let steps = 0;
      for (; broke; steps++) broke = await breakOff(steps);
      // Reading, beginning, writing and ending: it broke off at each.
      expect(steps).toBeGreaterThan(6);

      async function breakOff(commands: number): Promise<boolean> {
        const name = `${fate}${commands}`;
        const direct = await begin(server(), open, name);
        const gate = await CommandGate.to(urlOf(server(), name));
        const cut = await open(gate.url);
        const closed = gate.closeAfter(commands, fate).then(() => true);
        const written = page(cut, SECOND, 1).then(() => false);
        written.catch(() => {}); // it broke off
        const didBreak = await Promise.race([closed, written]);

        expect(
          await direct.swapLease('p', { owner: 'one', token: 1, beat: 0 }, { owner: 'two', token: 2, beat: 0 }),
        ).toBe(true);
        await page(direct, LAST, 2);
        await gate.release();
        expect(await state(direct)).toEqual(expected);
        await Promise.all([gate.close(), direct.close(), cut.close()]);
        return didBreak;
      }
    }, 120_000);
  });
}

async function begin(server: string, open: (url: string) => Promise<ReadStore>, name: string): Promise<ReadStore> {
  const store = await open(urlOf(server, name));
  await store.define({ name: 'c', indexes: [{ fields: ['seen'] }] });
  await store.swapLease('p', null, { owner: 'one', token: 1, beat: 0 });
  await page(store, FIRST, 1);
  return store;
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/guard-${name}`;
  return url.href;
}
