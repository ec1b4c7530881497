/**
 * A worker in a separate process, which a test may kill. Arguments: the folder of the compiled package, and its
 * settings as JSON.
 */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [folder, text] = process.argv.slice(2);
const given = JSON.parse(text);
// packages are resolved from the project, which contains the compiled folder
const require = createRequire(join(folder, 'index.js'));
const { NestFactory } = require('@nestjs/core');
const {
  AesKeyEncryptionKey,
  EncryptedStorageMaintenanceModule,
  EncryptedStorageModule,
  getEncryptedBlobServiceToken,
  KeyRing,
} = await import(pathToFileURL(join(folder, 'index.js')).href);

const [oldKey, newKey] = given.keys.map(([id, key]) => AesKeyEncryptionKey.fromBase64(id, key));
const root = EncryptedStorageModule.forRoot({
  connection: { connectionString: given.connectionString },
  encryption: { protocol: '2.1', keyEncryptionKey: newKey, keyResolver: new KeyRing([oldKey]).resolve },
});
const worker = EncryptedStorageMaintenanceModule.forWorker({
  queue: given.queue,
  consumer: given.consumer,
  inject: [getEncryptedBlobServiceToken()],
  useFactory: (blobs) => ({
    jobs: given.jobs.map((job) => ({
      ...job,
      sources: [blobs.getContainerClient(given.container).forMaintenance(given.blobs)],
    })),
    options: { ...given.options, state: blobs.unencryptedServiceClient.getContainerClient(given.state) },
  }),
});
class WorkerModule {}
await NestFactory.createApplicationContext({ module: WorkerModule, imports: [root, worker] }, { logger: false });
process.send?.('ready');
// workers end together with their test
process.on('disconnect', () => process.exit(0));
