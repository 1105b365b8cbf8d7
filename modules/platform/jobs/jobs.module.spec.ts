import { describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { JobsModule, type JobsModuleOptions } from './jobs.module.js';
import { UnusableJobs } from './jobs.errors.js';
import { type JobHandler, JOBS, type Jobs } from './jobs.port.js';

const MEMORY = { url: 'sqlite::memory:', work: true };

describe('JobsModule', () => {
  const seen: string[] = [];
  const see: JobHandler = async ({ key }) => void seen.push(key);
  const WORD = Symbol('word');

  function app(
    options: Partial<JobsModuleOptions>,
    ...declared: Parameters<typeof Test.createTestingModule>[0]['imports'] & object
  ) {
    return Test.createTestingModule({
      imports: [JobsModule.forRoot({ ...MEMORY, ...options }), ...declared],
    }).compile();
  }
  const jobsOf = (module: TestingModule): Jobs => module.get<Jobs>(JOBS);
  async function untilSeen(...keys: string[]): Promise<void> {
    while (!keys.every((key) => seen.includes(key))) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('runs what is declared, what a source knows of and what is scheduled, with what handlers need', async () => {
    const module = await Test.createTestingModule({
      imports: [
        JobsModule.forRoot(MEMORY),
        JobsModule.forHandlers([
          { handler: 'see', queue: 'eyes', useFactory: () => see },
          { handler: 'see', useFactory: () => see },
        ]),
        JobsModule.forJobs([{ key: 'declared', handler: 'see' }]),
        JobsModule.forSources([
          {
            useFactory: () => ({
              name: 'events',
              outstanding: async function* () {
                yield { key: 'outstanding', handler: 'see' };
              },
            }),
          },
        ]),
      ],
    }).compile();
    await module.init();
    await jobsOf(module).schedule({ key: 'scheduled', handler: 'see', queue: 'eyes' });
    await untilSeen('declared', 'outstanding', 'scheduled');
    await module.close();
    await expect(jobsOf(module).get('declared')).rejects.toMatchObject({ code: 'jobs-unavailable' });
  });

  it('injects into the factories', async () => {
    const words = {
      module: class Words {},
      global: true,
      providers: [{ provide: WORD, useValue: 'hello' }],
      exports: [WORD],
    };
    const module = await app(
      {},
      words,
      JobsModule.forHandlers([
        { handler: 'say', inject: [WORD], useFactory: (word: string) => async () => void seen.push(word) },
      ]),
      JobsModule.forJobs([{ key: 'say', handler: 'say' }]),
    );
    await module.init();
    await untilSeen('hello');
    await module.close();
  });

  it('only schedules where it is not told to work', async () => {
    const module = await app({ work: false }, JobsModule.forHandlers([{ handler: 'see', useFactory: () => see }]));
    await module.init();
    expect(await jobsOf(module).schedule({ key: 'idle', handler: 'see' })).toMatchObject({ state: 'waiting' });
    await module.close();
    expect(seen).not.toContain('idle');
  });

  it.each<[string, RegExp, ReturnType<typeof JobsModule.forJobs>[]]>([
    [
      'a job that nobody handles',
      /Job 'lost' has no handler: add \{ handler: 'nobody', queue: 'default'/,
      [JobsModule.forJobs([{ key: 'lost', handler: 'nobody' }])],
    ],
    [
      'a job whose handler works on another queue',
      /Job 'lost' has no handler: add \{ handler: 'see', queue: 'default'/,
      [
        JobsModule.forJobs([{ key: 'lost', handler: 'see' }]),
        JobsModule.forHandlers([{ handler: 'see', queue: 'eyes', useFactory: () => see }]),
      ],
    ],
    [
      'two handlers of one name',
      /Two handlers are called 'see' on queue 'default'/,
      [JobsModule.forHandlers([1, 2].map(() => ({ handler: 'see', useFactory: () => see })))],
    ],
    [
      'two jobs of one key',
      /Two jobs are declared with the key 'twice'/,
      [
        JobsModule.forHandlers([{ handler: 'see', useFactory: () => see }]),
        JobsModule.forJobs([1, 2].map((payload) => ({ key: 'twice', handler: 'see', payload }))),
      ],
    ],
  ])('does not start with %s', async (_what, words, declared) => {
    const module = await app({}, ...declared);
    const start = module.init();
    await expect(start).rejects.toThrow(UnusableJobs);
    await expect(start).rejects.toThrow(words);
    await module.close();
  });
});
