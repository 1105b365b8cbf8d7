import { Command } from '#kernel/command';
import { Id, Identifier, ListOf, Nested, OneOf, Optional, Text } from '#platform/commands/fields';
import type { ErasedPlace } from './subject.events.js';

/** Most keys that one erasure names. */
const MAX_KEYS = 10_000;

export class ErasedPlaceFields {
  @Text({ max: 100 }) place: string;
  @OneOf(['destroyed', 'unreadable', 'cleared', 'not-covered']) outcome: ErasedPlace['outcome'];
  @Text({ max: 1_000 }) detail: string;
}

export class ErasingActor {
  @Identifier() type: string;
  @Text() id: string;
}

/** Records that the keys of a subject were destroyed. Only Perdure itself sends it, when it is done. */
export class RecordErasure extends Command {
  @Id() subjectId: string;
  @ListOf(Text({ max: 100 }), { min: 1, max: MAX_KEYS }) keyIds: string[];
  @Nested(ErasingActor) actor: ErasingActor;
  @Optional(Text({ max: 1_000 })) reason?: string;
  @ListOf(Nested(ErasedPlaceFields), { max: 100 }) where: ErasedPlaceFields[];
}
