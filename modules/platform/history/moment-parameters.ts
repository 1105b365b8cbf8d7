import { InvalidInput } from '#kernel/errors';
import { type FieldDecorator, Id, Identifier, Integer, OneOf, Optional, Text } from '#platform/commands/fields';
import { type Moment, NOW, type TimeOfEvent } from '#platform/dispatch/moment';
import { parseIso } from './iso-8601.js';

const examples = ['2026-01-31T09:30:00Z', '2026-01-31', '2026-W05'];

/** A moment in ISO 8601, of any precision; `parseIso` checks it. */
export const IsoTime = (): FieldDecorator => Text({ max: 40, schema: { examples } });

export const Clock = (): FieldDecorator => OneOf(['recorded', 'occurred'], 'Clock');

/** Which object. */
export class ObjectParameters {
  /** The name of its type, or a noun. */
  @Identifier() type: string;
  @Id() id: string;
}

/** Which object, and at which moment of its past; now where none is given. */
export class MomentParameters extends ObjectParameters {
  /** With all events up to this revision. */
  @Optional(Integer({ min: 0 })) revision?: number;

  /** With all events up to this time, in ISO 8601; a date means its beginning, without an offset it is UTC. */
  @Optional(IsoTime()) at?: string;

  /** Which time `at` means: when events were recorded (default), or when they occurred. */
  @Optional(Clock()) clock?: TimeOfEvent;
}

/** Throws InvalidInput, with pointers below `root`. */
export function momentOf(
  { revision, at, clock }: Pick<MomentParameters, 'revision' | 'at' | 'clock'>,
  root = '/query',
): Moment {
  if (revision !== undefined && at !== undefined) {
    throw invalid(`${root}/at`, 'Stands beside revision. Give one of the two.');
  }
  if (clock !== undefined && at === undefined) {
    throw invalid(`${root}/clock`, 'Says which time at means, and there is no at. Leave it out.');
  }
  if (revision !== undefined) return { revision };
  return at === undefined ? NOW : { at: timeOf(at, `${root}/at`), clock };
}

/** The moment that a text names: a revision where it is a number, else a time. Throws InvalidInput. */
export function momentNamed(text: string, clock: TimeOfEvent | undefined, pointer: string): Moment {
  if (/^\d{1,15}$/.test(text)) return { revision: Number(text) };
  const at = parseIso(text);
  if (at === undefined)
    throw invalid(pointer, 'Must be a revision, or a time in ISO 8601 such as 2026-01-31T09:30:00Z.');
  return { at, clock };
}

/** Unix milliseconds. Throws InvalidInput. */
export function timeOf(text: string, pointer: string): number {
  const time = parseIso(text);
  if (time === undefined) throw invalid(pointer, 'Must be a time in ISO 8601, such as 2026-01-31T09:30:00Z.');
  return time;
}

/** What lies from the one time up to, not including, the other, in Unix milliseconds. Throws InvalidInput, with pointers below `root`. */
export function periodOf<From extends string | undefined, To extends string | undefined>(
  { from, to }: { readonly from?: From; readonly to?: To },
  root = '/query',
) {
  const begin = from === undefined ? undefined : timeOf(from, `${root}/from`);
  const end = to === undefined ? undefined : timeOf(to, `${root}/to`);
  if (begin !== undefined && end !== undefined && begin >= end) {
    throw invalid(`${root}/to`, 'Must come after from: it is the first moment left out.');
  }
  return { from: begin, to: end } as {
    readonly from: From extends string ? number : number | undefined;
    readonly to: To extends string ? number : number | undefined;
  };
}

export function invalid(pointer: string, detail: string): InvalidInput {
  return new InvalidInput([{ pointer, detail }]);
}
