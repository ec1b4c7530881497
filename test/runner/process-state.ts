/** What the package keeps for its whole process is new for each suite, although suites share a process. */
import { processBlocks } from '../../src/blob/block-memory.js';
import { processBreaker } from '../../src/envelope/opening-breaker.js';
import { sharedPaces } from '../../src/keys/vault/vault-pace.js';

processBlocks.reset();
processBreaker.reset();
sharedPaces.reset();
