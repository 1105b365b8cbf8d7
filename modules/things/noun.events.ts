import type { EventOf } from '#kernel/event';
import type { JsonObject } from '#kernel/json';

export type NounEvent =
  | EventOf<'noun.defined', { readonly description?: string; readonly schema?: JsonObject }>
  | EventOf<'noun.undefined', object>;
