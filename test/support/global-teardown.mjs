/** Jest's global teardown: stops the emulator if the setup started one. */
export default async function globalTeardown() {
  if (!globalThis.azurite) return;
  await globalThis.azurite.stop();
  delete globalThis.azurite;
  delete process.env.AZURITE_CONNECTION_STRING;
  delete process.env.SUITE_ACCOUNTS;
}
