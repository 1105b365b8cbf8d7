import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readConfig } from '#platform/config/config';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { createHttpApp } from '#platform/http/create-http-app';
import { ParkingModule } from '#platform/parking/parking.module';
import { PlatformModule } from '#platform/platform.module';
import { ProjectingModule } from '#platform/projecting/projecting.module';
import { ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import { added, counters } from '#test/support/counter-projection';
import { PerdureProcess } from '#test/support/perdure-process';

/** What the projection cannot take until it is mended. */
let refused: number | undefined = 7;
const picky = counters(({ data }) => 'by' in data && data.by === refused);

const memory = 'sqlite::memory:';
const config = readConfig({
  ...{ PERDURE_EVENT_STORE: memory, PERDURE_READ_STORE: memory, PERDURE_JOBS: memory },
  PERDURE_LOG: 'off',
});

@Module({
  imports: [
    PlatformModule.forRoot({ stores: config, dispatch: config }),
    ProjectingModule.forProjections([picky], { retry: { attempts: 1, delay: () => Promise.resolve() } }),
    ParkingModule,
  ],
})
class ParkingApp {}

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  await new PerdureProcess(['--version']).ended;
  app = await createHttpApp(ParkingApp, config);
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`;
  const events = app.get<EventStore>(EVENT_STORE, { strict: false });
  for (const name of ['a', 'b']) await events.append(`main.counter-${name}`, 'none', [added(1), added(7), added(2)]);
  const waits = app.get(ProjectionWaits, { strict: false });
  await waits.reached(['counters'], await events.head(), { milliseconds: 20_000 });
}, 60_000);
afterEach(() => PerdureProcess.killAll());
afterAll(() => app.close());

const parked = (...line: string[]) => new PerdureProcess(['projections', 'parked', ...line, '--url', url]).ended;
const documents = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe('perdure projections parked', () => {
  it('lists what failed, groups it, tries it again and skips it', async () => {
    const listed = documents((await parked('--json')).stdout);
    expect(listed).toMatchObject([{ projection: 'counters' }, { projection: 'counters' }]);
    const [group, ...more] = documents((await parked('--groups', '--json')).stdout);
    expect({ group, more }).toMatchObject({ group: { projection: 'counters', keys: 2 }, more: [] });
    expect((await parked()).stdout).toMatch(
      /^id +event +stream +since +waiting behind +why\n(.*main\.counter-.*\n){2}$/,
    );

    expect(await parked('--replay', 'all', '--cause', group.cause)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/(.* still-failing .*\n){2}$/),
      stderr: '2 of 2 still fail: mend what they fail for first.\n',
    });
    const skipped = await parked('--skip', listed[0].id, '--reason', 'Counted elsewhere', '--json');
    expect(documents(skipped.stdout)).toMatchObject([{ id: listed[0].id, outcome: 'replayed' }]);

    refused = undefined;
    const replayed = await parked('--replay', listed[1].id);
    expect(replayed).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/ replayed$/m) });
    expect(await parked()).toMatchObject({ exitCode: 0, stdout: 'Nothing is parked.\n' });
    expect(await parked('--replay', listed[1].id)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\S/) });
  }, 60_000);
});
