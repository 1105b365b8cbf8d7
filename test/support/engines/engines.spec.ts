import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { existsSync } from 'node:fs';
import { engineSuite } from './engine-suite.js';

describe('engines of tests', () => {
  engineSuite('redis', (engine) => {
    it('keep what they acknowledged, their address too, through SIGKILL', async () => {
      const { url } = engine();
      const client = new Redis(url, { retryStrategy: () => 20 });
      client.on('error', () => {});
      await client.set('kept', 'yes');

      await engine().kill();
      await engine().start();

      expect(engine().url).toBe(url);
      expect(await client.get('kept')).toBe('yes');
      client.disconnect();
    });

    it('are silent while they are paused', async () => {
      const client = new Redis(engine().url);
      await client.ping();

      engine().pause();
      const answer = client.ping();
      const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'silence'))]);
      engine().resume();

      expect(first).toBe('silence');
      expect(await answer).toBe('PONG');
      client.disconnect();
    });
  });

  engineSuite(
    'redis',
    (engine) => {
      it('take further arguments', async () => {
        const client = new Redis(engine().url);
        expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', '4194304']);
        const [, folder = ''] = (await client.config('GET', 'dir')) as [string, string];
        client.disconnect();

        await engine().stop();

        expect(existsSync(folder)).toBe(false);
      });
    },
    { extra: ['--maxmemory', '4mb'] },
  );

  engineSuite('ferretdb', (engine) => {
    it('speak the protocol of MongoDB', async () => {
      const client = new MongoClient(engine().url);
      await client.db('things').collection<{ _id: string }>('kept').insertOne({ _id: 'yes' });

      await engine().kill();
      await engine().start();

      expect(await client.db('things').collection('kept').find().toArray()).toEqual([{ _id: 'yes' }]);
      await client.close();
    });
  });
});
