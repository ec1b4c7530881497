import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { startEmulator } from './emulator.js';
import { clinicKeys } from './keys/clinic-keys.js';
import { ProblemFilter } from './problem.filter.js';

const given = process.env['AZURE_STORAGE_CONNECTION_STRING'];
const emulator = given === undefined ? await startEmulator() : null;
const app = await NestFactory.create<NestExpressApplication>(
  AppModule.with(given ?? emulator?.connectionString ?? '', clinicKeys(process.env)),
);
app.useGlobalFilters(new ProblemFilter());

let isStopping = false;
const stop = async (): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await app.close();
  await emulator?.stop();
  process.exit(0);
};
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

try {
  await app.init();
  await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  console.error(`The clinic cannot start: ${(error as Error).message}`);
  if (isTaken) console.error('Set PORT to a free port, or to 0 for any');
  await emulator?.stop();
  process.exit(1);
}
const { port } = app.getHttpServer().address() as AddressInfo;
const base = `http://127.0.0.1:${port}`;
console.log(`
Clinic listening on ${base}

Try:
  curl -T README.md ${base}/scans/readme            upload a scan
  curl -r 0-99 ${base}/scans/readme                 its first 100 bytes
  curl ${base}/storage/blobs/scans/readme           what the service stores of it
  curl -H 'content-type: application/json' -d '{"patient":"17","to":"cardiology","reason":"murmur"}' ${base}/referrals
  curl ${base}/referrals                            referrals that were taken from the queue
  curl -H 'content-type: application/json' \\
       -d '{"partitionKey":"north","rowKey":"17","name":"Jane Doe","diagnosis":"flu"}' ${base}/patients
  curl ${base}/patients/north/17                    the patient
  curl ${base}/storage/patients/north/17            what the service stores of the patient

Stop with Ctrl-C.
`);
