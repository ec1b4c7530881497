import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import type { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import type { QueuedJobs } from '../../maintenance/queued/queued-jobs.js';
import type { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import { getEncryptedBlobServiceToken, getEncryptedQueueServiceToken } from '../injection/encrypted-storage.tokens.js';
import { EncryptedStorageMaintenance } from './encrypted-storage-maintenance.js';
import { type MaintenanceWorkerOptions, settingsFaults, workerFaults } from './maintenance.options.js';
import { type MaintenanceParts, maintenanceParts } from './maintenance-parts.js';
import { handlerOf, type MaintenanceQueueHandler } from './maintenance-queue-handler.js';
import { refuse } from '../../option-rules.js';

let modules = 0;

/**
 * Runs maintenance jobs in an application: rotates keys, encrypts again, and counts. Inject {@link EncryptedStorageMaintenance} to
 * start a job and to follow it.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import {
 *   type EncryptedContainerClient,
 *   EncryptedStorageMaintenanceModule,
 *   EncryptedStorageModule,
 *   getEncryptedContainerToken,
 * } from 'nestjs-azure-encrypted-storage';
 *
 * @Module({
 *   imports: [
 *     EncryptedStorageMaintenanceModule.forWorker({
 *       queue: 'maintenance',
 *       imports: [EncryptedStorageModule.forFeature({ containers: ['scans'] })],
 *       inject: [getEncryptedContainerToken('scans')],
 *       useFactory: (scans: EncryptedContainerClient) => ({
 *         jobs: [
 *           {
 *             name: 'leave-clinic-2025',
 *             task: { do: 'rewrap', retire: ['clinic:2025'] },
 *             sources: [scans.forMaintenance()],
 *           },
 *         ],
 *       }),
 *     }),
 *   ],
 * })
 * export class WorkerModule {}
 * ```
 */
@Module({})
export class EncryptedStorageMaintenanceModule {
  /**
   * Without `queue`, a job runs in the process that starts it. With `queue`, every process that imports the module takes part:
   * the job is split into shards, with one message for each.
   *
   * @throws `INVALID_OPTIONS` with every fault. Faults in what the factory returns stop start-up.
   */
  static forWorker(options: MaintenanceWorkerOptions): DynamicModule {
    refuse(workerFaults(options));
    const { queue, account, imports = [], inject = [], useFactory, consumer = {} } = options;
    // a unique token keeps Nest 10 from treating two similar calls as one
    const id = `EncryptedStorageMaintenance:${modules++}`;
    const parts = `${id}:parts`;
    const handling = { createIfNotExists: true, ...consumer, account };
    return {
      module: EncryptedStorageMaintenanceModule,
      imports: [...imports],
      providers: [
        {
          provide: parts,
          inject: [getEncryptedBlobServiceToken(account), getEncryptedQueueServiceToken(account), ...inject],
          useFactory: async (blobs: EncryptedBlobService, queues: EncryptedQueueService, ...injected: never[]) => {
            const settings = await useFactory(...injected);
            refuse(settingsFaults(settings));
            return maintenanceParts(settings, blobs, queue === undefined ? null : queues.getQueueClient(queue));
          },
        },
        {
          provide: EncryptedStorageMaintenance,
          inject: [parts],
          useFactory: (given: MaintenanceParts) => new EncryptedStorageMaintenance(given),
        },
        ...(queue === undefined ? [] : [handlerProvider(`${id}:handler`, parts, handlerOf(queue, handling))]),
      ],
      exports: [EncryptedStorageMaintenance],
    };
  }
}

const handlerProvider = (provide: string, parts: string, Handler: typeof MaintenanceQueueHandler): FactoryProvider => ({
  provide,
  inject: [parts],
  useFactory: ({ queued }: MaintenanceParts) => new Handler(queued as QueuedJobs),
});
