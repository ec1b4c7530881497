/** Jest's global setup: one emulator for the whole run, its connection string in the environment of every worker. */
import { startAzurite } from './azurite.mjs';

/** Tests below these folders touch no storage; a run of nothing else does not pay for the emulator. */
const STORAGE_FREE = /test\/(unit|property|types|architecture)/;

export default async function globalSetup(globalConfig) {
  const patterns = globalConfig.testPathPatterns?.patterns ?? [];
  if (patterns.length > 0 && patterns.every((pattern) => STORAGE_FREE.test(pattern))) return;
  if (process.env.AZURITE_CONNECTION_STRING) return;

  globalThis.azurite = await startAzurite();
  process.env.AZURITE_CONNECTION_STRING = globalThis.azurite.connectionString;
}
