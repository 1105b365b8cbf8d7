import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Duplex } from 'node:stream';
import { Answers } from './calls.js';
import { FrontClosing } from './protocol-errors.js';

/** The server's end of a call whose client takes an answer only when told to. */
class SlowCall extends Duplex {
  readonly cancelled = false;
  readonly taken: string[] = [];
  #take: (() => void)[] = [];

  constructor() {
    super({ objectMode: true, highWaterMark: 1 });
  }

  override _write(answer: string, _: BufferEncoding, done: () => void): void {
    this.taken.push(answer);
    this.#take.push(done);
  }

  override _read(): void {}

  async takeAll(): Promise<void> {
    for (let done = this.#take.shift(); done; done = this.#take.shift()) {
      done();
      await setImmediate();
    }
  }
}

describe('the answers of a call', () => {
  it('wait for room together, with one listener for them all', async () => {
    const call = new SlowCall();
    const answers = new Answers<string>(call, new AbortController().signal);
    const names = Array.from({ length: 100 }, (_, index) => `${index}`);
    const sent = names.map((name) => answers.send(name));
    expect(call.listenerCount('drain')).toBe(1);
    await call.takeAll();
    await Promise.all(sent);
    expect(call.taken).toEqual(names);
    expect(call.listenerCount('drain')).toBe(0);
  });

  it('are given up when the client is gone', async () => {
    const call = new SlowCall();
    const answers = new Answers<string>(call, new AbortController().signal);
    const sent = [answers.send('a'), answers.send('b')];
    call.destroy();
    await once(call, 'close');
    for (const one of await Promise.allSettled(sent)) expect(one).toMatchObject({ reason: expect.any(FrontClosing) });
    expect(answers.ended.aborted).toBe(true);
  });
});
