/**
 * Jest's global setup for the live tests: puts the emulator and the available peers into the environment of the worker.
 */
import startEmulator from '../../support/global-setup.mjs';
import { installPeers } from '../peers/install.mjs';

export default async function globalSetup(globalConfig) {
  const isCi = process.env.CI === 'true';
  const { programs, missing } = installPeers({ system: isCi });
  if (missing.length > 0) {
    const list = missing.map((what) => `- ${what}`).join('\n');
    if (isCi) throw new Error(`Peers that CI has to have are not there:\n${list}`);
    console.warn(`\nPeers that are not there, and whose tests are skipped:\n${list}\n`);
  }
  process.env.LIVE_PEERS = JSON.stringify(programs);
  await startEmulator({ ...globalConfig, testPathPatterns: undefined });
  // some peers recognize the emulator by the name of its own account
  delete process.env.SUITE_ACCOUNTS;
}
