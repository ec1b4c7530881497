/** Jest's global setup: one emulator for the whole run, its connection string in the environment of every worker. */
import { startAzurite } from './azurite.mjs';

/** The key of the emulator's own account, which is published. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Tests below these folders touch no storage; a run of nothing else does not pay for the emulator. */
const STORAGE_FREE = /test\/(unit|property|types|architecture)/;

/** Accounts of the emulator, of which a suite gets one: to find a blob or a message, Azurite goes through all that the account has. */
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
