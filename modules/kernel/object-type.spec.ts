import { describe, expect, it } from '@jest/globals';
import { Command } from './command.js';
import { DomainError } from './errors.js';
import type { EventOf } from './event.js';
import { objectType, type Context } from './object-type.js';
import { specification } from './specification.js';

type LampEvent = EventOf<'lamp.bought', { watts: number }> | EventOf<'lamp.switched', { on: boolean; by: string }>;
type Lamp = { status: 'absent' } | { status: 'owned'; on: boolean; watts: number };

class BuyLamp extends Command {
  lampId?: string;
  watts: number;
}
class SwitchLamp extends Command {
  lampId: string;
  on: boolean;
}
class NoLamp extends DomainError {
  constructor() {
    super('not-found', 'lamp-not-found', 'Buy it first.');
  }
}

function evolve(lamp: Lamp, event: LampEvent): Lamp {
  switch (event.type) {
    case 'lamp.bought':
      return { status: 'owned', on: false, watts: event.data.watts };
    case 'lamp.switched':
      return lamp.status === 'owned' ? { ...lamp, on: event.data.on } : lamp;
  }
}

const buy = (_: Lamp, { watts }: BuyLamp): LampEvent[] => [{ type: 'lamp.bought', data: { watts } }];
function flip(lamp: Lamp, { on }: SwitchLamp, { actor }: Context): LampEvent[] {
  if (lamp.status === 'absent') throw new NoLamp();
  return lamp.on === on ? [] : [{ type: 'lamp.switched', data: { on, by: actor.id } }];
}

const lamp = objectType<Lamp, LampEvent>('lamp', { status: 'absent' }, evolve).on(BuyLamp, buy).on(SwitchLamp, flip);
const given = specification(lamp);
const bought: LampEvent = { type: 'lamp.bought', data: { watts: 5 } };
const on: LampEvent = { type: 'lamp.switched', data: { on: true, by: 'spec' } };

describe('an object type', () => {
  it('names an object by the field <name>Id', () => {
    expect(lamp.addressOf(SwitchLamp.of({ lampId: 'desk', on: true }))).toEqual({ type: 'lamp', id: 'desk' });
    expect(lamp.addressOf(BuyLamp.of({ watts: 5 }))).toEqual({ type: 'lamp', id: undefined });
  });
  it('says which line to add for a command without a decision', () => {
    class Smash extends Command {}
    expect(() => given(bought).when(Smash.of({})).then()).toThrow(
      "Object type 'lamp' has no decision for Smash: add .on(…).",
    );
  });
});

describe('a specification', () => {
  it('holds where the decision is the expected one', () => {
    given(bought)
      .when(SwitchLamp.of({ lampId: 'desk', on: true }))
      .then(on);
    given(bought, on)
      .when(SwitchLamp.of({ lampId: 'desk', on: true }))
      .thenNothing();
    given()
      .when(SwitchLamp.of({ lampId: 'desk', on: true }))
      .thenFails(NoLamp);
    given()
      .when(SwitchLamp.of({ lampId: 'desk', on: true }))
      .thenFails('lamp-not-found');
  });
  it('fails where it is another', () => {
    const flipped = given(bought).when(SwitchLamp.of({ lampId: 'desk', on: true }));
    expect(() => flipped.then(bought)).toThrow(/Other events than expected/);
    expect(() => flipped.thenNothing()).toThrow(/Other events than expected/);
    expect(() => flipped.thenFails(NoLamp)).toThrow(/Expected a failure/);
    const refused = given().when(SwitchLamp.of({ lampId: 'desk', on: true }));
    expect(() => refused.then(on)).toThrow(NoLamp);
    expect(() => refused.thenNothing()).toThrow(NoLamp);
    expect(() => refused.thenFails('another-code')).toThrow(/another error/);
  });
});

/** Checked by `npm run types`: each line below must be refused by the compiler. */
export function refusedByTheCompiler(): void {
  // @ts-expect-error an event name that does not exist
  given({ type: 'lamp.swiched', data: { on: true, by: 'spec' } });
  // @ts-expect-error data of another event
  given({ type: 'lamp.bought', data: { on: true } });
  // @ts-expect-error a field that the command does not have
  SwitchLamp.of({ lampId: 'desk', off: true });
  // @ts-expect-error a decision for another command
  lamp.on(BuyLamp, flip);
  // @ts-expect-error evolve lacks a case: the function may end without a state
  objectType<Lamp, LampEvent>('lamp', { status: 'absent' }, (state, event): Lamp => {
    // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check
    switch (event.type) {
      case 'lamp.bought':
        return state;
    }
  });
}
