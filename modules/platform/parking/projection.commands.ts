import { Command } from '#kernel/command';
import { Integer, ListOf, Optional, Text } from '#platform/commands/fields';

/** Longest id of parked work: a projection's name and a key, or an event's id. */
export const MAX_PARKED_ID = 1_000;
/** Parked keys that are tried again in one request. */
export const MAX_REPLAYED = 1_000;

/** Leaves an event out of a read model for good. What is not parked is left out of the next rebuild only. */
export class SkipEvent extends Command {
  @Text({ max: 100 }) projection: string;

  /** Of the projection that could not take the event. */
  @Integer({ min: 1 }) version: number;
  @Optional(Text({ max: MAX_PARKED_ID })) key?: string;
  @Text({ max: 200 }) eventId: string;
  @Text({ max: 500 }) eventType: string;
  @Text({ max: 100 }) position: string;
  @Text({ max: 100 }) cause: string;
  @Text({ max: 1_000 }) reason: string;
}

/** Asks whichever process runs the projection to try parked work again. */
export class RequestReplay extends Command {
  @Text({ max: 100 }) projection: string;
  @ListOf(Text({ max: MAX_PARKED_ID }), { min: 1, max: MAX_REPLAYED }) ids: string[];
}
