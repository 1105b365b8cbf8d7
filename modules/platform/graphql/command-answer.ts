import { Field, ID, ObjectType } from '@nestjs/graphql';
import { SafeInt } from './scalars.js';

@ObjectType({ description: 'Where the object of a command stands now, durably.' })
export class CommandAnswer {
  @Field(() => ID)
  id: string;

  @Field(() => SafeInt, { description: 'Number of its last event, from 0.' })
  revision: number;

  @Field(() => String, {
    description: 'Place of that event in the order of all events: give it to @after to read your writes.',
  })
  position: string;

  @Field(() => Boolean, { description: 'Whether the object exists only since this command.' })
  created: boolean;

  @Field(() => Boolean, { description: 'Whether the command had been carried out before, under the same key.' })
  replayed: boolean;
}
