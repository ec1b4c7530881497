/** The recipes of docs/maintenance.md, unchanged: on BullMQ with a real Redis, and for Temporal with any caller. */
import { BlobServiceClient } from '@azure/storage-blob';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AesKeyEncryptionKey,
  EncryptedContainerClient,
  EncryptedStorageModule,
  type EncryptionPolicy,
  KeyRing,
  type MaintenanceJob,
  type MaintenanceOptions,
  maintenanceStatus,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';
import { PATIENCE, until } from '../support/consumers.js';
import { docsSample } from '../support/docs-samples.js';
import { hasRedis, type Redis, startRedis } from '../support/redis.js';

const PAGE = 'docs/maintenance.md';
const [oldKey, newKey] = ['clinic:2025', 'clinic:2026'].map((id) => AesKeyEncryptionKey.generate(id)) as [
  AesKeyEncryptionKey,
  AesKeyEncryptionKey,
];
const both = { protocol: '2.1', keyEncryptionKey: newKey, keyResolver: new KeyRing([oldKey]).resolve } as const;
const NAMES = Array.from({ length: 12 }, (_, index) => `scan-${index}`);
const account = BlobServiceClient.fromConnectionString(connectionString());

const under = (policy: EncryptionPolicy, name: string) =>
  new EncryptedContainerClient(account.getContainerClient(name), policy);

async function underOldKey(name: string): Promise<void> {
  await account.getContainerClient(name).createIfNotExists();
  const old = under(policyOf('2.1', { keyEncryptionKey: oldKey }), name);
  await Promise.all(NAMES.map((blob) => old.getBlockBlobClient(blob).uploadData(blob)));
}

async function texts(name: string): Promise<string[]> {
  const young = under(policyOf('2.1', { keyEncryptionKey: newKey }), name);
  return Promise.all(NAMES.map(async (blob) => String(await young.getBlockBlobClient(blob).downloadToBuffer())));
}

const isMissing = !hasRedis();
if (isMissing && process.env['CI'] !== 'true') {
  console.warn('No redis-server here: the BullMQ recipe is not run. Install it: apt-get install redis-server');
}

(isMissing && process.env['CI'] !== 'true' ? describe.skip : describe)('the recipe for BullMQ', () => {
  let redis: Redis | undefined;
  const apps: INestApplicationContext[] = [];
  beforeAll(async () => {
    if (isMissing) throw new Error('CI has to have redis-server: install it');
    redis = await startRedis();
    await underOldKey('archive');
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await redis?.stop();
    delete process.env['REDIS_URL'];
  });

  it(
    'rotates a key with two workers that share the shards through Redis',
    async () => {
      process.env['REDIS_URL'] = redis?.url ?? '';
      const { ArchiveRotation, ArchiveRotationModule } = (await docsSample(PAGE, 'ArchiveRotation')) as {
        ArchiveRotation: Type<{ start(): Promise<void> }>;
        ArchiveRotationModule: Type<unknown>;
      };
      const root = EncryptedStorageModule.forRoot({
        connection: { connectionString: connectionString() },
        encryption: both,
      });
      class WorkerModule {}
      const worker: DynamicModule = { module: WorkerModule, imports: [root, ArchiveRotationModule] };
      while (apps.length < 2) apps.push(await NestFactory.createApplicationContext(worker, { logger: false }));

      await apps[0]?.get(ArchiveRotation, { strict: false }).start();
      const state = account.getContainerClient('azcse-maintenance');
      await until(async () => (await maintenanceStatus(state, 'archive-leaves-2025'))?.finishedRuns === 1);

      expect(await texts('archive')).toEqual(NAMES);
      const report = await state.getBlockBlobClient('archive-leaves-2025/1/report.json').downloadToBuffer();
      expect(JSON.parse(String(report))).toMatchObject({
        seen: NAMES.length,
        failures: [],
        census: { verdict: { mayDestroy: 'after' } },
      });
    },
    3 * PATIENCE,
  );
});

describe('the recipe for Temporal', () => {
  it('runs shards as activities with heartbeats, and ends with a clean census', async () => {
    const name = uniqueName('scans');
    await underOldKey(name);
    const { rotationActivities } = (await docsSample(PAGE, 'rotationActivities')) as {
      rotationActivities: (job: MaintenanceJob, options: MaintenanceOptions, context: object) => object;
    };
    const { rotation } = (await docsSample(PAGE, 'rotation')) as { rotation: (activities: object) => Promise<boolean> };
    const job: MaintenanceJob = {
      name: 'leave-2025',
      task: { do: 'rewrap', retire: ['clinic:2025'] },
      sources: [under(policyOf('2.1', both), name).forMaintenance({ pageSize: 2 })],
    };
    const context = { heartbeat: () => undefined, cancellationSignal: () => new AbortController().signal };
    const state = account.getContainerClient(uniqueName('state'));

    const isClean = await rotation(rotationActivities(job, { state }, context));

    expect(isClean).toBe(true);
    expect(await texts(name)).toEqual(NAMES);
  });
});
