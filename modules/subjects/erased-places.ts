import type { ErasedPlace } from './subject.events.js';

/** What there is to know of the store of keys. */
interface KeyPlace {
  readonly keys: number;
  /** How many things name the subject. */
  readonly things: number;
  /** What is left in its files, in words. */
  readonly remains: string;
  /** Milliseconds after which other processes know. */
  readonly knownAfter: number;
}

/** Everything that held values of the subject, and what became of them. */
export function erasedPlaces({ keys, things, remains, knownAfter }: KeyPlace): ErasedPlace[] {
  const sealed = 'Held the values sealed only, and cannot open them any more';
  const others = knownAfter > 0 ? ` Other processes forget the keys within ${knownAfter / 1_000} s.` : '';
  return [
    { place: 'keys', outcome: 'destroyed', detail: `${keys} ${keys === 1 ? 'key' : 'keys'} destroyed. ${remains}` },
    {
      place: 'events',
      outcome: 'unreadable',
      detail: `${sealed}. They stay as they were stored, so that history and proofs hold.`,
    },
    { place: 'snapshots', outcome: 'unreadable', detail: `${sealed}.` },
    {
      place: 'read-models',
      outcome: 'unreadable',
      detail: `${sealed}. ${things} ${things === 1 ? 'thing names' : 'things name'} the subject.`,
    },
    { place: 'audit', outcome: 'unreadable', detail: `${sealed}.` },
    { place: 'exports', outcome: 'unreadable', detail: `${sealed}, also those that were made before. They verify.` },
    {
      place: 'backups',
      outcome: 'unreadable',
      detail: `${sealed}, unless the store of keys was copied along: destroy such a copy.`,
    },
    {
      place: 'memory',
      outcome: 'cleared',
      detail: `The keys are forgotten; nothing in plain is kept between requests.${others}`,
    },
    {
      place: 'elsewhere',
      outcome: 'not-covered',
      detail:
        'Not sealed: values that were written before their field was marked, fields that are not marked, ids, reasons, commands that wait in schedules, and answers that others kept.',
    },
  ];
}
