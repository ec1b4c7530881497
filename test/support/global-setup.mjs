/**
 * Jest's global setup: one emulator for the entire run, with its connection string in the environment of every worker.
 */
import { startAzurite } from './azurite.mjs';

/** The published key of the emulator's default account. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Tests in these folders use no storage; a run of only these does not start the emulator. */
const STORAGE_FREE = /test\/(unit|property|types|architecture)/;

/**
 * Accounts of the emulator, one for each suite: to find a blob or a message, Azurite scans everything in the account.
 */
const ACCOUNTS = Array.from({ length: 512 }, (_, at) => `suite${at}`);

export default async function globalSetup(globalConfig) {
  const patterns = globalConfig.testPathPatterns?.patterns ?? [];
  if (patterns.length > 0 && patterns.every((pattern) => STORAGE_FREE.test(pattern))) return;
  if (process.env.AZURITE_CONNECTION_STRING) return;

  process.env.AZURITE_ACCOUNTS = ['devstoreaccount1', ...ACCOUNTS].map((name) => `${name}:${KEY}`).join(';');
  globalThis.azurite = await startAzurite();
  delete process.env.AZURITE_ACCOUNTS;
  process.env.AZURITE_CONNECTION_STRING = globalThis.azurite.connectionString;
  process.env.SUITE_ACCOUNTS = ACCOUNTS.join(' ');
}
