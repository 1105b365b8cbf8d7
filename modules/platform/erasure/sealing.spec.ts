import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import type { EventOf } from '#kernel/event';
import type { Json } from '#kernel/json';
import { objectType } from '#kernel/object-type';
import { type Answer, enclose } from '#platform/dispatch/envelope';
import { Objects } from '#platform/dispatch/objects';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { PlatformModule } from '#platform/platform.module';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { SealedInput } from './erasure.errors.js';
import { SubjectKeys } from './subject-keys.js';
import { Unsealing } from './unsealing.js';

type MemberEvent =
  | EventOf<'member.joined', { person: string; email: Json; plan: string }>
  | EventOf<'member.moved', { places: { street: string; city: string }[] }>;
type Member = { status: 'absent' } | { status: 'member'; person: string; email: Json; places: Json[] };

class Join extends Command {
  memberId: string;
  person: string;
  email: Json;
}
class Move extends Command {
  memberId: string;
  street: string;
}

/** What the last decision saw. */
let seen: Member | undefined;

function evolve(member: Member, event: MemberEvent): Member {
  if (event.type === 'member.joined') {
    return { status: 'member', person: event.data.person, email: event.data.email, places: [] };
  }
  return member.status === 'absent' ? member : { ...member, places: [...member.places, ...event.data.places] };
}

const member = objectType<Member, MemberEvent>('member', { status: 'absent' }, evolve)
  .personal({
    'member.joined': { subject: ({ data }) => data.person, fields: ['/email'] },
    'member.moved': { subject: (_, { id }) => id, fields: ['/places/*/street'] },
  })
  .on(Join, (state, { person, email }): MemberEvent[] => {
    seen = state;
    const isSame = state.status === 'member' && JSON.stringify(state.email) === JSON.stringify(email);
    return isSame ? [] : [{ type: 'member.joined', data: { person, email, plan: 'pro' } }];
  })
  .on(Move, (state, { street }): MemberEvent[] => {
    seen = state;
    return [{ type: 'member.moved', data: { places: [{ street, city: 'London' }] } }];
  });

describe('a type with personal values', () => {
  let module: TestingModule;
  let bus: CommandBus;
  let keys: SubjectKeys;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 1, snapshotEvery: 2 },
        }),
        PlatformModule.forObjects([member]),
      ],
    }).compile();
    await module.init();
    bus = module.get(CommandBus);
    keys = module.get(SubjectKeys);
    seen = undefined;
  });
  afterEach(() => module.close());

  const send = (command: Command, idempotencyKey?: string): Promise<Answer> =>
    bus.execute(enclose(command, { tenant: 'main', actor: { type: 'user', id: 'ada' }, idempotencyKey }));
  const join = (email: Json, key?: string, memberId = 'm') => send(Join.of({ memberId, person: 'ada', email }), key);
  const stored = async (id = 'm') => (await module.get<EventStore>(EVENT_STORE).read(`main.member-${id}`)).events;
  const stateOf = async (id = 'm') => (await module.get(Objects).load('main', { type: 'member', id })).state;

  it('stores them sealed, keeps them sealed, and decides on them in plain', async () => {
    await join({ at: 'ada@example.org' });
    await send(Move.of({ memberId: 'm', street: 'Elm Street' }));
    expect((await stored()).map(({ data }) => data)).toEqual([
      { person: 'ada', email: { $sealed: expect.any(String) }, plan: 'pro' },
      { places: [{ street: { $sealed: expect.any(String) }, city: 'London' }] },
    ]);
    expect(await stateOf()).toMatchObject({ email: { $sealed: expect.any(String) } });
    await send(Move.of({ memberId: 'm', street: 'Oak Street' }));
    expect(seen).toMatchObject({
      email: { at: 'ada@example.org' },
      places: [{ street: 'Elm Street', city: 'London' }],
    });
    const snapshot = await module.get<ReadStore>(READ_STORE).get('snapshots', 'main.member-m');
    expect(snapshot).toMatchObject({ state: { email: { $sealed: expect.any(String) } } });
    // Out of memory, and loaded with its snapshot.
    await join('bob@example.org', undefined, 'other');
    await send(Move.of({ memberId: 'm', street: 'Ash Street' }));
    expect(seen).toMatchObject({ places: [{ street: 'Elm Street' }, { street: 'Oak Street' }] });
    expect(await keys.of('main', 'm')).toHaveLength(1);
  });

  it('compares what was sealed by what it says', async () => {
    const { revision } = await join('ada@example.org');
    expect(await join('ada@example.org')).toMatchObject({ revision });
    expect(await join('other@example.org')).toMatchObject({ revision: revision + 1 });
  });

  it('sees null where they were erased, goes on with a new key, and knows its commands again', async () => {
    const first = await join('ada@example.org', 'key-1');
    expect(await join('ada@example.org', 'key-1')).toEqual({ ...first, replayed: true });
    const digest = (await stored())[0]!.metadata.commandDigest!;
    await keys.destroy('main', 'ada', new Date());
    await send(Move.of({ memberId: 'm', street: 'Elm Street' }));
    expect(seen).toMatchObject({ status: 'member', email: null });
    const { value, erased } = await module.get(Unsealing).unseal('main', await stateOf());
    expect(value).toMatchObject({ email: null, places: [{ street: 'Elm Street' }] });
    expect(erased).toEqual(['/email']);
    expect(await join('ada@example.org', 'key-1')).toEqual({ ...first, replayed: true });
    expect(digest).toMatch(/^v1\./);
    await join('ada@example.org');
    expect(await keys.of('main', 'ada')).toHaveLength(2);
    expect((await module.get(Unsealing).answer('main', await stateOf())) as object).toMatchObject({
      email: 'ada@example.org',
    });
  });

  it('makes no key for nothing', async () => {
    await join(null);
    expect(keys.none).toBe(true);
    expect((await stored())[0]!.data).toMatchObject({ email: null });
  });

  it('refuses what looks sealed, and opens nothing of another tenant', async () => {
    await join('ada@example.org');
    const [event] = await stored();
    const token = (event!.data as { email: Json }).email;
    await expect(join([token])).rejects.toThrow(SealedInput);
    expect(await module.get(Unsealing).unseal('other', { a: [token] })).toEqual({
      value: { a: [null] },
      erased: ['/a/0'],
    });
  });

  it('many at once, each with its own subject, end as they began', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `m${i}`);
    await Promise.all(ids.map((id) => send(Move.of({ memberId: id, street: `Street of ${id}` }))));
    for (const id of ids) {
      const { value } = await module.get(Unsealing).unseal('main', await stateOf(id));
      expect(value).toMatchObject({ status: 'absent' });
      expect(((await stored(id))[0]!.data as { places: { street: object }[] }).places[0]!.street).toHaveProperty(
        '$sealed',
      );
    }
  });
});
