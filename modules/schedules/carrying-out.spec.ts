import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventOf, Recorded } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { Id, Integer } from '#platform/commands/fields';
import { type Answer, enclose } from '#platform/dispatch/envelope';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { Objects } from '#platform/dispatch/objects';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { TerminalJobError } from '#platform/jobs/jobs.errors';
import { JobsModule } from '#platform/jobs/jobs.module';
import { type JobRequest, JOBS, type Jobs, type RunningJob } from '#platform/jobs/jobs.port';
import { PlatformModule } from '#platform/platform.module';
import { CarryingOut } from './carrying-out.js';
import { CancelSchedule, RecordOutcome, RequestSchedule, type ScheduleTime } from './schedule.commands.js';
import { schedule } from './schedule.js';
import { ScheduleJobs } from './schedule-jobs.js';
import { jobKey } from './scheduled-job.js';

class Ring extends Command {
  @Id() bellId: string;
  @Integer() times: number;
}

/** What the bell answers instead of ringing. */
let broken: DomainError | undefined;
const bell = objectType<{ status: string }, EventOf<'bell.rung', object>>('bell', { status: 'absent' }, () => ({
  status: 'rung',
})).on(Ring, (_, { times }) => {
  if (broken) throw broken;
  return Array.from({ length: times }, () => ({ type: 'bell.rung', data: {} }));
});

const at = '2026-01-01T00:00:00.000Z';
const ref = { tenant: 'main', id: 's' };

describe('carrying a schedule out', () => {
  let module: TestingModule;
  let carryingOut: CarryingOut;
  beforeEach(async () => {
    broken = undefined;
    const memory = { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' };
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({ stores: memory, dispatch: { cachedObjects: 100, snapshotEvery: 100 } }),
        PlatformModule.forObjects([schedule, bell]),
        JobsModule.forRoot({ url: 'sqlite::memory:', work: false }),
      ],
      providers: [ScheduleJobs],
    }).compile();
    await module.init();
    carryingOut = over(module.get(CommandBus));
  });
  afterEach(() => module.close());

  const over = (commands: Pick<CommandBus, 'execute'>) =>
    new CarryingOut(commands as CommandBus, module.get(ObjectRegistry), module.get(Objects), module.get(JOBS));
  const send = (command: Command, id = 'boss') =>
    module
      .get(CommandBus)
      .execute<Command, Answer>(
        enclose(command, { tenant: 'main', actor: { type: 'user', id }, correlationId: 'chain', reason: 'lunch' }),
      );
  const request = (time: ScheduleTime = { at }, fields: object = { bellId: 'b', times: 1 }, id = 's') =>
    send(RequestSchedule.of({ id, command: { command: 'Ring', fields: fields as never }, time }));
  const job = (attempt = 1, key = jobKey(ref)) =>
    ({ key, payload: ref, attempt, maxAttempts: 3, dueAt: at }) as unknown as RunningJob;
  const run = (...which: Parameters<typeof job>) => carryingOut.run(job(...which));
  const events = async (stream: string) => (await module.get<EventStore>(EVENT_STORE).read(stream)).events;
  const types = async (stream: string) => (await events(stream)).map(({ type }) => type);

  it('has one effect, however often its job runs, because of whoever asked for it', async () => {
    await request();
    await run();
    await run();
    const [rung, ...more] = await events('main.bell-b');
    const [asked, completed] = await events('main.schedule-s');
    expect(more).toEqual([]);
    expect(rung!.metadata).toMatchObject({
      ...{ actor: { type: 'user', id: 'boss' }, correlationId: 'chain', causationId: asked!.id, reason: 'lunch' },
    });
    expect(completed).toMatchObject({
      type: 'schedule.completed',
      data: { dueAt: at, answer: { id: 'b', revision: 0, position: rung!.position } },
    });
  });

  it('goes on where a kill fell between the effect and its record', async () => {
    await request();
    const commands = module.get(CommandBus);
    const killed = new Error('killed');
    const dying = over({
      execute: (command: Command) =>
        command instanceof RecordOutcome ? Promise.reject(killed) : commands.execute<Command, never>(command),
    });
    await expect(dying.run(job())).rejects.toBe(killed);
    await run();
    expect(await types('main.bell-b')).toEqual(['bell.rung']);
    expect(await types('main.schedule-s')).toEqual(['schedule.requested', 'schedule.completed']);
  });

  it('is tried again as long as that may help, and given up with the reason', async () => {
    await request();
    broken = new DomainError('unavailable', 'store-unavailable', 'Not now.');
    await expect(run(1)).rejects.toBe(broken);
    expect(await types('main.schedule-s')).toEqual(['schedule.requested']);
    await expect(run(3)).rejects.toBe(broken);
    const [, failed] = (await events('main.schedule-s')) as Recorded[];
    expect(failed).toMatchObject({ type: 'schedule.failed', data: { problem: { code: 'store-unavailable' } } });
    broken = undefined;
    await run(1);
    expect(await types('main.schedule-s')).toEqual(['schedule.requested', 'schedule.failed', 'schedule.completed']);
  });

  it.each<[string, object, string]>([
    ['is refused', { bellId: 'b', times: 1 }, 'overdrawn'],
    ['does not fit its class any more', { bellId: 'b', volume: 11 }, 'invalid-input'],
  ])('ends at once where the command %s', async (_, fields, code) => {
    broken = new DomainError('unprocessable', 'overdrawn', 'No.');
    await request({ at }, fields);
    await expect(run(1)).rejects.toThrow(TerminalJobError);
    expect((await events('main.schedule-s'))[1]).toMatchObject({
      type: 'schedule.failed',
      data: { problem: { code } },
    });
  });

  it('does nothing for a schedule that was cancelled, and stops its recurrence', async () => {
    const jobs = module.get<Jobs>(JOBS);
    await request({ every: 60_000 });
    await send(CancelSchedule.of({ id: 's' }));
    await jobs.schedule({ key: jobKey(ref), handler: 'x', time: { every: 60_000 } });
    await run(1, `${jobKey(ref)}@${at}`);
    expect(await types('main.bell-b')).toEqual([]);
    expect(await jobs.get(jobKey(ref))).toMatchObject({ state: 'cancelled' });
  });

  it('has one effect for each time of what recurs, side by side', async () => {
    await request({ every: 60_000 });
    const times = [0, 1, 2].map((minute) => `${jobKey(ref)}@2026-01-01T00:0${minute}:00.000Z`);
    await Promise.all(times.map((key) => run(1, key)));
    await Promise.all(times.map((key) => run(1, key)));
    expect(await types('main.bell-b')).toEqual(['bell.rung', 'bell.rung', 'bell.rung']);
    expect(await types('main.schedule-s')).toEqual(['schedule.requested', ...times.map(() => 'schedule.fired')]);
  });

  it('is outstanding as long as its events say so, whatever became of its job and of the read model', async () => {
    await request();
    await run();
    await request({ at }, undefined, 'cancelled');
    await send(CancelSchedule.of({ id: 'cancelled' }));
    await request({ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }, undefined, 'nightly');
    const foreign = { id: '00000000-0000-4000-8000-000000000000', type: 'schedule.requested', data: {}, metadata: {} };
    await module.get<EventStore>(EVENT_STORE).append('elsewhere', 'none', [foreign]);
    const outstanding: JobRequest[] = [];
    for await (const each of module.get(ScheduleJobs).outstanding()) outstanding.push(each);
    expect(outstanding).toMatchObject([
      { key: 'schedule:main:nightly', payload: { tenant: 'main', id: 'nightly' }, time: { cron: '0 3 * * *' } },
    ]);
  });
});
