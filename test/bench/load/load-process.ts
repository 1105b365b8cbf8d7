import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { programPath } from '../processes/program.js';
import type { Load, LoadResult } from './load.js';

const PROGRAM = programPath('load-program', import.meta.url);

/** A load generator in a process of its own. */
export class LoadProcess implements Disposable {
  readonly #child: ChildProcess = fork(PROGRAM);

  /** Rejects where an answer is not a success. */
  async put(load: Load): Promise<LoadResult> {
    this.#child.send(load);
    const [answer] = (await once(this.#child, 'message')) as [{ result?: LoadResult; error?: string }];
    if (!answer.result) throw new Error(answer.error);
    return answer.result;
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }
}
