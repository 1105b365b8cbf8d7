import { describe } from '@jest/globals';
import { keeping } from './keeping.js';
import type { NewPlace } from './open-jobs.js';
import { running } from './running.js';
import { scheduling } from './scheduling.js';

/** What every adapter of the jobs port guarantees. */
export function jobsContract(name: string, newPlace: NewPlace): void {
  describe(`Jobs: ${name}`, () => {
    scheduling(newPlace);
    running(newPlace);
    keeping(newPlace);
  });
}
