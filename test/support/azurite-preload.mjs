/** Loaded into the emulator's process before the emulator itself. */
import { createRequire } from 'node:module';

// a killed parent cannot stop its emulator, so the emulator watches the channel to the parent
process.on('disconnect', () => process.exit());

// Its garbage collectors list what is stored and then what refers to it. They sweep what is moved or written in between, and
// snapshots where there are more than 5,000 blobs. So they run once, while nothing is stored, and then wait for longer than any run.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const load = createRequire(new URL('../../node_modules/azurite/dist/src/azurite.js', import.meta.url));
for (const service of ['blob', 'queue']) {
  load(`./${service}/utils/constants.js`).DEFAULT_GC_INTERVAL_MS = LONGEST_TIMER_MS;
}
