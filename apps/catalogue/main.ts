import 'reflect-metadata';
import { PROJECTIONS } from '#apps/worker/work.module';
import { upcasters } from '../../migrations/events/upcasters.js';
import { eventCatalogue } from './catalogue.js';
import { checkCatalogue, StaleCatalogue, writeCatalogue } from './catalogue-files.js';

const FOLDER = 'docs';

/** For developers: writes the event catalogue into docs/, or with --check says whether what stands there is still right. */
const catalogue = eventCatalogue(process.cwd(), PROJECTIONS, upcasters);
try {
  if (process.argv.includes('--check')) await checkCatalogue(catalogue, FOLDER);
  else await writeCatalogue(catalogue, FOLDER);
} catch (error) {
  if (!(error instanceof StaleCatalogue)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
