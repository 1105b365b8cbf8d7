import { Controller, Delete, Get, Module, Patch, Post, Put } from '@nestjs/common';
import { Command as CommandObject } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import { Flag, Id, Integer, JsonRecord, ListOf, Nested, Optional, Text } from '#platform/commands/fields';
import { readConfig } from '#platform/config/config';
import { envelopeOf, type Answer, type Envelope } from '#platform/dispatch/envelope';
import { revised } from '#platform/http/answers';
import { createHttpApp } from '#platform/http/create-http-app';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { defineProblems } from '#platform/http/problem-catalogue';

defineProblems({
  'note-not-found': { kind: 'not-found', title: 'No such note', cure: 'List the notes with GET /api/v1/notes.' },
});

class NoteNotFound extends DomainError {
  constructor(id: string) {
    super('not-found', 'note-not-found', `There is no note '${id}'.`);
  }
}

class Place {
  @Text() city: string;
  @Optional(Integer({ min: 0 })) floor?: number;
}

export class WriteNote extends CommandObject {
  @Optional(Id()) noteId?: string;
  @Text({ max: 20 }) title: string;
  @Optional(Integer({ min: 1, max: 5 })) weight?: number;
  @Optional(ListOf(Text({ max: 5 }), { max: 3 })) tags?: string[];
  @Optional(Nested(Place)) place?: Place;
}

class ReplaceNote extends CommandObject {
  @Id() noteId: string;
  @JsonRecord() data: object;
}

class RemoveNote extends CommandObject {
  @Id() noteId: string;
}

class NoteById {
  @Id() noteId: string;
}

class ListNotes extends PageParameters {
  @Optional(Flag()) done?: boolean;
  @Optional(ListOf(Text(), { max: 2 })) tag?: string[];
}

class Note {
  @Id() id: string;
  @Text({ max: 20_000 }) title: string;
}

/** Answers with what reached it, so that the tests see it. */
interface Seen {
  command?: CommandObject;
  envelope?: Envelope;
}

export const seen: Seen = {};

/** A request for the note `slow` says that it arrived, and waits until the test lets it finish. */
export const slow = gate();

function gate() {
  const arrived = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  return {
    arrived: arrived.promise,
    finish: finished.resolve,
    async pass() {
      arrived.resolve();
      await finished.promise;
    },
  };
}

function done(command: CommandObject & { noteId?: string }, created: boolean): Answer {
  seen.command = command;
  seen.envelope = envelopeOf(command);
  if (command.noteId === 'broken') throw new Error('a secret of the inside');
  if (command.noteId === 'missing') throw new NoteNotFound('missing');
  if (command.noteId === 'uncatalogued') throw new DomainError('conflict', 'never-defined', 'A conflict.');
  if (command.noteId === 'busy') throw new DomainError('unavailable', 'store-unavailable', 'Busy.');
  return { id: command.noteId ?? 'new/1', revision: 7, position: '42', created };
}

@Controller('api/v1/notes')
class NotesController {
  @Post()
  @CommandEndpoint({ summary: 'Write a note', creates: '/api/v1/notes/:id' })
  write(@Command() command: WriteNote) {
    return done(command, true);
  }

  @Put(':noteId')
  @CommandEndpoint({ summary: 'Replace a note', creates: '/api/v1/notes/:id', batch: true })
  replace(@Command({ body: 'data' }) command: ReplaceNote) {
    return done(command, command.noteId === 'fresh');
  }

  @Patch(':noteId')
  @CommandEndpoint({ summary: 'Change a note', errors: ['note-not-found'] })
  async change(@Command() command: WriteNote) {
    if (command.noteId === 'slow') await slow.pass();
    return done(command, false);
  }

  @Delete(':noteId')
  @CommandEndpoint({ summary: 'Remove a note', errors: ['note-not-found'] })
  remove(@Command() command: RemoveNote) {
    return done(command, false);
  }

  @Get()
  @QueryEndpoint({ summary: 'List the notes', answer: Note, paged: true })
  list(@Parameters() { limit, cursor, done, tag }: ListNotes): PageOf<Note> {
    const title = JSON.stringify({ limit, cursor, done, tag });
    return { items: [{ id: 'a', title }], ...(cursor === undefined && { next: 'b&c' }) };
  }

  @Get(':noteId')
  @QueryEndpoint({ summary: 'Read a note', answer: Note, revised: true, errors: ['note-not-found'] })
  read(@Parameters() { noteId }: NoteById) {
    if (noteId === 'missing') throw new NoteNotFound(noteId);
    return revised({ id: noteId, title: 'a' }, 3);
  }
}

@Module({ controllers: [NotesController] })
class NotesModule {}

/** The whole HTTP layer around a context of its own, listening on a free port. */
export async function startNotes(environment: Record<string, string> = {}) {
  const app = await createHttpApp(NotesModule, readConfig({ PERDURE_LOG: 'off', ...environment }));
  await app.listen(0, '127.0.0.1');
  return app;
}
