import { MongoClient } from 'mongodb';
import { EngineProcess } from './engine-process.js';
import { buildFerretdb, goMissing } from '../ferretdb/build.js';

/** What to do where FerretDB cannot be built; undefined where it can. */
export const ferretdbMissing = goMissing;

/** A MongoDB server on SQLite files, without transactions and change streams. The first one on a machine is built. */
export function ferretdb(): EngineProcess {
  return new EngineProcess({
    name: 'ferretdb',
    command: (port, folder) => [buildFerretdb(), `127.0.0.1:${port}`, `file:${folder}/`],
    url,
    async answers(port) {
      const client = new MongoClient(url(port), { serverSelectionTimeoutMS: 200 });
      try {
        await client.db('admin').command({ ping: 1 });
        return true;
      } finally {
        await client.close();
      }
    },
  });
}

const url = (port: number): string => `mongodb://127.0.0.1:${port}/`;
