import { createContext, Script } from 'node:vm';

/** The work was cut off: it would have held the process up. */
export class TookTooLong extends Error {
  constructor(readonly milliseconds: number) {
    super(`It takes more than ${milliseconds} ms.`);
  }
}

const place = createContext({ work: undefined as unknown });
const call = new Script('work()');

/**
 * What the work returns; it must not wait for anything. Throws TookTooLong where it runs for more than so many milliseconds,
 * wherever it is then. A call costs about 0.2 ms, so this is for work whose amount a stranger decides.
 */
export function withinTime<Result>(milliseconds: number, work: () => Result): Result {
  place['work'] = work;
  try {
    return call.runInContext(place, { timeout: milliseconds }) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TookTooLong(milliseconds);
  }
}
