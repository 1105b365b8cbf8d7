import { Decimal, Flag, Id, Integer, ListOf, Nested, Optional, Text } from '#platform/commands/fields';

/** One thing wrong with the input. */
export class ViolationSchema {
  @Text({ min: 0, max: 100_000 }) pointer: string;
  @Text({ max: 100_000 }) detail: string;
}

/** Problem details, RFC 9457: the schema of `Problem`. */
export class ProblemSchema {
  @Text() type: string;
  @Text() title: string;
  @Integer({ min: 400, max: 599 }) status: number;
  @Text() code: string;
  @Text({ max: 100_000 }) detail: string;
  @Optional(Text({ max: 100_000 })) instance?: string;
  @Optional(ListOf(Nested(ViolationSchema), { max: 100_000 })) errors?: ViolationSchema[];

  /** Of `projection-behind`: which projection is. */
  @Optional(Text()) projection?: string;
  @Optional(Text()) state?: string;
  @Optional(Text()) position?: string;

  /** How far it is behind; 10,000 events stand for as many or more. */
  @Optional(Integer({ min: 0 })) lagEvents?: number;
  @Optional(Decimal({ min: 0 })) lagSeconds?: number;
}

/** The schema of what a command is answered with. */
export class AnswerSchema {
  @Id() id: string;
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
  @Optional(Flag()) replayed?: boolean;
}
