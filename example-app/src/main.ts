import 'reflect-metadata';
import { startClinic } from './clinic.js';
import { startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { settingsFrom } from './configuration/configuration.module.js';

const CONNECTION = 'AZURE_STORAGE_CONNECTION_STRING';
const emulator = process.env[CONNECTION] === undefined ? await startEmulator() : null;
const variables = emulator === null ? process.env : { ...process.env, [CONNECTION]: emulator.connectionString };

const clinic = await startClinic({
  demonstration: emulator !== null,
  load: () => settingsFrom(variables),
}).catch(async (error: unknown) => {
  console.error(`The clinic cannot start: ${(error as Error).message}`);
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (isTaken) console.error('Set PORT to a free port, or to 0 for any free port');
  await emulator?.stop();
  process.exit(1);
});

let isStopping = false;
const stop = async (): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await clinic.close();
  await emulator?.stop();
  process.exit(0);
};
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

console.log(`
Clinic listening on ${clinic.url}
  the page            ${clinic.url}/
  the HTTP API        ${clinic.url}/docs
  encrypts with key   ${clinic.settings.keys.writes}
  stores in           ${emulator === null ? 'the account of AZURE_STORAGE_CONNECTION_STRING' : 'an embedded emulator, in memory'}

Stop with Ctrl-C.
`);
