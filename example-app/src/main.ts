import 'reflect-metadata';
import { startClinic } from './clinic.js';
import { startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { configuredKeys } from './keys/configured-keys.js';
import { ClinicSettings } from './settings.js';

const given = process.env['AZURE_STORAGE_CONNECTION_STRING'];
const emulator = given === undefined ? await startEmulator() : null;
const keys = await configuredKeys(process.env);

const clinic = await startClinic(
  new ClinicSettings({
    connectionString: given ?? emulator?.connectionString ?? '',
    keys,
    demonstration: emulator !== null,
  }),
  Number(process.env['PORT'] ?? 3000),
).catch(async (error: unknown) => {
  console.error(`The clinic cannot start: ${(error as Error).message}`);
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (isTaken) console.error('Set PORT to a free port, or to 0 for any');
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
  encrypts with key   ${keys.writes}
  stores in           ${emulator === null ? 'the account of AZURE_STORAGE_CONNECTION_STRING' : 'an embedded emulator, in memory'}

Stop with Ctrl-C.
`);
