/** Resets the process-wide state of the SDKs, Nest and the package for each suite, because suites share a process. */
import { useInstrumenter } from '@azure/core-tracing';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { processBlocks } from '../../src/blob/block-memory.js';
import { processBreaker } from '../../src/envelope/opening-breaker.js';
import { sharedPaces } from '../../src/keys/vault/vault-pace.js';

processBlocks.reset();
processBreaker.reset();
sharedPaces.reset();
// core-tracing then recreates its own, which does nothing
useInstrumenter(undefined as never);
Logger.overrideLogger(new ConsoleLogger());
Object.assign(Logger, { logLevels: undefined });
