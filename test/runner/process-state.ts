/** What the SDKs, Nest and the package keep for their whole process is new for each suite, although suites share a process. */
import { useInstrumenter } from '@azure/core-tracing';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { processBlocks } from '../../src/blob/block-memory.js';
import { processBreaker } from '../../src/envelope/opening-breaker.js';
import { sharedPaces } from '../../src/keys/vault/vault-pace.js';

processBlocks.reset();
processBreaker.reset();
sharedPaces.reset();
// core-tracing then makes its own again, which does nothing
useInstrumenter(undefined as never);
Logger.overrideLogger(new ConsoleLogger());
Object.assign(Logger, { logLevels: undefined });
