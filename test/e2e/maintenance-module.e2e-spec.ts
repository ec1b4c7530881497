/** Maintenance inside an application: in its own process, and shared by processes through a queue. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  type EncryptedContainerClient,
  EncryptedQueueService,
  EncryptedStorageMaintenance,
  EncryptedStorageMaintenanceModule,
  EncryptedStorageModule,
  isMaintenanceClean,
  type KeyEncryptionKey,
  KeyRing,
  type MaintenanceEvent,
  type MaintenanceSettings,
  type MaintenanceWorkerOptions,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { compiledPackage } from '../support/compiled-package.js';
import { FlakyKey, PATIENCE, size, until } from '../support/consumers.js';
import { optionsOf, started } from '../support/nest.js';

const KEYS = [
  ['clinic:2025', Buffer.alloc(32, 5).toString('base64')],
  ['clinic:2026', Buffer.alloc(32, 6).toString('base64')],
] as const;
const [oldKey, newKey] = KEYS.map(([id, key]) => AesKeyEncryptionKey.fromBase64(id, key)) as [
  AesKeyEncryptionKey,
  AesKeyEncryptionKey,
];
const NAMES = Array.from({ length: 20 }, (_, index) => `scan-${String(index).padStart(2, '0')}`);
const LEAVE = { name: 'leave-2025', task: { do: 'rewrap', retire: ['clinic:2025'] } } as const;
const COUNT = { name: 'count', task: { do: 'census' } } as const;

let container: string;
let young: EncryptedContainerClient;
const apps: TestingModule[] = [];
const workers: ChildProcess[] = [];
async function underOldKey(): Promise<void> {
  const [old, now] = await containersFor(
    policyOf('2.1', { keyEncryptionKey: oldKey }),
    policyOf('2.1', { keyEncryptionKey: newKey }),
  );
  [container, young] = [old.containerName, now];
  await Promise.all(NAMES.map((name) => old.getBlockBlobClient(name).uploadData(name)));
}
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.kill('SIGKILL');
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const root = (key: KeyEncryptionKey = oldKey): DynamicModule =>
  EncryptedStorageModule.forRoot(
    optionsOf({ protocol: '2.1', keyEncryptionKey: newKey, keyResolver: new KeyRing([key]).resolve }),
  );

/** Becomes unavailable after seven unwraps, so that a job has to wait for it halfway. */
class KeyForSeven extends FlakyKey {
  override unwrapKey(encryptedKey: Uint8Array, algorithm: string): Promise<Uint8Array> {
    this.isDown = this.asked >= 7;
    return super.unwrapKey(encryptedKey, algorithm);
  }
}

interface Worker {
  readonly key?: KeyEncryptionKey;
  readonly state?: string;
  readonly queue?: string;
  readonly consumer?: MaintenanceWorkerOptions['consumer'];
  readonly options?: MaintenanceSettings['options'];
}

async function application({ state = uniqueName('state'), key = oldKey, options = {}, ...more }: Worker = {}) {
  const worker = EncryptedStorageMaintenanceModule.forWorker({
    ...more,
    inject: [EncryptedBlobService],
    useFactory: (blobs: EncryptedBlobService) => ({
      jobs: [LEAVE, COUNT].map((job) => ({
        ...job,
        sources: [blobs.getContainerClient(container).forMaintenance({ pageSize: 5 })],
      })),
      options: { ...options, state: blobs.unencryptedServiceClient.getContainerClient(state) },
    }),
  });
  const app = await started(root(key), worker);
  apps.push(app);
  return { app, maintenance: app.get(EncryptedStorageMaintenance, { strict: false }) };
}

const openable = async (): Promise<number> => {
  const texts = NAMES.map(async (name) => String(await young.getBlockBlobClient(name).downloadToBuffer()) === name);
  return (await Promise.all(texts)).filter(Boolean).length;
};

describe('in the process of the application', () => {
  beforeEach(underOldKey);

  it('runs a job dry, starts it, follows it, and reports it', async () => {
    const { maintenance } = await application();
    expect([await maintenance.status(LEAVE.name), await maintenance.report(LEAVE.name)]).toEqual([null, null]);
    expect((await maintenance.dryRun(LEAVE.name)).outcomes).toEqual({ done: 20 });
    expect(await maintenance.status(LEAVE.name)).toBeNull();

    await maintenance.start(LEAVE.name);
    await until(async () => (await maintenance.report(LEAVE.name)) !== null);

    const report = await maintenance.report(LEAVE.name);
    expect(report).toMatchObject({ seen: 20, outcomes: { done: 20 }, census: { verdict: { mayDestroy: 'after' } } });
    expect(await maintenance.status(LEAVE.name)).toEqual({ job: LEAVE.name, finishedRuns: 1, running: null });
    expect(await openable()).toBe(20);
  });

  it('stops a job with the application, which the next one resumes', async () => {
    const state = uniqueName('state');
    const key = new KeyForSeven(oldKey);
    const { app, maintenance } = await application({ state, key, options: { concurrency: 1 } });
    const running = maintenance.run(LEAVE.name).catch((error: unknown) => (error as Error).name);
    await until(() => key.isDown);
    await app.close();
    expect(await running).toBe('AbortError');

    const report = await (await application({ state })).maintenance.run(LEAVE.name);

    expect(report.seen).toBe(20);
    expect(isMaintenanceClean(report)).toBe(true);
    expect(await openable()).toBe(20);
  });

  it('rejects an undeclared job', async () => {
    const { maintenance } = await application();

    await expect(maintenance.start('another')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(() => maintenance.run('another')).toThrow(/"another"/);
  });

  it('rejects the start of a job that is not valid', async () => {
    const { maintenance } = await application({ options: { pagesPerShard: 0 } });

    await expect(maintenance.start(LEAVE.name)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await maintenance.status(LEAVE.name)).toBeNull();
  });
});

describe('options of forWorker', () => {
  const useFactory = () => ({ jobs: [] });
  it.each([
    [{}, /"useFactory" must return the jobs/],
    [{ useFactory, queue: 'Not a queue' }, /"queue" cannot be a text of 11 characters: the name of a queue has/],
    [{ useFactory, consumer: {} }, /"consumer" needs "queue"/],
    [{ useFactory, queue: 'q1q', consumer: { concurrency: 0 } }, /"concurrency" must be/],
    [{ useFactory, queues: 'x' }, /"queues" is not an option/],
  ])('%j are rejected', (options, message) => {
    expect(() => EncryptedStorageMaintenanceModule.forWorker(options as MaintenanceWorkerOptions)).toThrow(message);
  });

  it.each([
    [{}, /"jobs" must be a list/],
    [{ jobs: [LEAVE, LEAVE] }, /"jobs" has "leave-2025" twice/],
    [{ jobs: [], state: {} }, /"state" is not an option/],
  ])('from the factory are checked when the application starts: %j', async (settings, message) => {
    const worker = EncryptedStorageMaintenanceModule.forWorker({ useFactory: () => settings as MaintenanceSettings });

    await expect(started(root(), worker)).rejects.toThrow(message);
  });
});

describe('through a queue', () => {
  beforeEach(underOldKey);

  const CONSUMER = {
    minPollDelay: 0.05,
    maxPollDelay: 0.2,
    visibilityTimeout: 2,
    minRetryDelay: 0.1,
    maxRetryDelay: 1,
  };
  const OPTIONS = { pagesPerShard: 1, claimSeconds: 1 };

  it('shares a census too, reports its events, and leaves the queue empty', async () => {
    const queue = uniqueName('jobs');
    const events: MaintenanceEvent[] = [];
    const options = { ...OPTIONS, onEvent: (event: MaintenanceEvent) => void events.push(event) };
    const { maintenance } = await application({ queue, consumer: { ...CONSUMER, concurrency: 3 }, options });

    await Promise.all([maintenance.start(COUNT.name), maintenance.start(COUNT.name)]);
    await until(async () => (await maintenance.report(COUNT.name)) !== null && (await size(queue)) === 0);

    expect(await maintenance.report(COUNT.name)).toMatchObject({ seen: 20, census: { entries: [{ count: 20 }] } });
    expect((await maintenance.status(COUNT.name))?.finishedRuns).toBe(1);
    const counted = events.map((event) => (event.kind === 'shardDone' ? `${event.job} ${event.shard}` : ''));
    const shards = [0, 1, 2, 3].map((number) => `count count/1/census/shards/000000${number}.json`);
    expect(counted).toEqual(expect.arrayContaining(shards));
    expect(await size(`${queue}-poison`)).toBe(0);
  });

  it('moves foreign messages to the poison queue, also if they name a document of another job', async () => {
    const queue = uniqueName('jobs');
    const { app } = await application({ queue, consumer: CONSUMER, options: OPTIONS });
    const client = app.get(EncryptedQueueService, { strict: false }).getQueueClient(queue);

    await client.sendMessage('{"job":"leave-2025","run":1,"do":"shard","shard":"other/1/work/shards/0000001.json"}');
    await client.sendMessage('a referral');
    await until(async () => (await size(`${queue}-poison`)) === 2);

    expect(await openable().catch((error: unknown) => (error as { code: string }).code)).toBe('KEY_NOT_FOUND');
  });

  it(
    'two processes share a job, and killing one loses nothing',
    async () => {
      const [queue, state] = [uniqueName('jobs'), uniqueName('state')];
      const { maintenance } = await application({ state, queue, consumer: { autoStart: false }, options: OPTIONS });
      const settings = {
        ...{ connectionString: connectionString(), keys: KEYS, queue, state, container, blobs: { pageSize: 5 } },
        ...{ jobs: [LEAVE, COUNT], consumer: CONSUMER },
        options: { ...OPTIONS, concurrency: 1, requestsPerSecond: 40 },
      };
      const script = join('test', 'support', 'maintenance-worker.mjs');
      const [first, second] = [1, 2].map(() => fork(script, [compiledPackage(), JSON.stringify(settings)]));
      workers.push(first!, second!);
      await Promise.all([once(first!, 'message'), once(second!, 'message')]);

      await maintenance.start(LEAVE.name);
      await until(async () => {
        const { running, finishedRuns = 0 } = (await maintenance.status(LEAVE.name)) ?? {};
        return finishedRuns > 0 || running?.pass === 'census' || (running?.done ?? 0) > 0;
      });
      first!.kill('SIGKILL');
      await once(first!, 'exit');
      await until(async () => (await maintenance.report(LEAVE.name)) !== null);

      const report = await maintenance.report(LEAVE.name);
      expect(report).toMatchObject({ seen: 20, failures: [], census: { verdict: { mayDestroy: 'after' } } });
      expect(await openable()).toBe(20);
      expect(await size(`${queue}-poison`)).toBe(0);
    },
    3 * PATIENCE,
  );
});
