import { generateLoad } from './load-generator.js';
import type { Load } from './load.js';

/** Puts on the loads that its parent sends, one after the other; ends with its parent. */
process.on('message', (load: Load) => {
  generateLoad(load).then(
    (result) => process.send!({ result }),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.once('disconnect', () => process.exit());
