import { afterEach, describe, expect, it } from '@jest/globals';
import { type CanActivate, Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import supertest from 'supertest';
import { DomainError } from '#kernel/errors';
import { Text } from '#platform/commands/fields';
import { readConfig } from '#platform/config/config';
import { createHttpApp } from '#platform/http/create-http-app';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import { Readiness } from '#platform/observability/readiness';

class Word {
  @Text() word: string;
}

@Injectable()
class NobodyEnters implements CanActivate {
  canActivate(): boolean {
    throw new DomainError('forbidden', 'note-not-found', 'Nobody enters.');
  }
}

@Controller('echo')
class EchoController {
  @Get('open')
  @QueryEndpoint({ summary: 'Echo', answer: Word })
  open(@Parameters() { word }: Word): Word {
    return { word };
  }

  @Get('guarded')
  @UseGuards(NobodyEnters)
  @QueryEndpoint({ summary: 'Echo', answer: Word })
  guarded(@Parameters() { word }: Word): Word {
    return { word };
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

let app: NestFastifyApplication;
const start = async () => {
  app = await createHttpApp(EchoModule, readConfig({ PERDURE_LOG: 'off' }));
  await app.listen(0, '127.0.0.1');
  return supertest(app.getHttpServer());
};
afterEach(() => app.close());

describe('a method that is called without Nest’s steps', () => {
  it('answers as one would with them', async () => {
    const http = await start();
    await http.get('/echo/open?word=hello').expect(200, { word: 'hello' });
    await http.get('/echo/open').expect(400);
  });

  it('keeps its guard where it has one', async () => {
    const http = await start();
    const { status } = await http.get('/echo/guarded?word=hello');
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe('readiness', () => {
  it('is refused while a part is not there, and while the process drains', async () => {
    const http = await start();
    const readiness = app.get(Readiness);
    await http.get('/ready').expect(200);
    let broken = true;
    readiness.add('disk', () => (broken ? Promise.reject(new Error('It is full.')) : Promise.resolve()));
    const { body } = await http.get('/ready').expect(503);
    expect(body).toMatchObject({ parts: [{ name: 'disk', ready: false, error: 'It is full.' }] });
    broken = false;
    await http.get('/ready').expect(200);
    readiness.drain();
    await http.get('/ready').expect(503);
    await http.get('/health').expect(200);
  });
});
