/** The public surface: everything that `core` exports, and the Nest module. */
// eslint-disable-next-line no-restricted-syntax -- core names each of its exports
export * from './core.js';

// module and options
export { EncryptedStorageModule } from './nest/encrypted-storage.module.js';
export type {
  BlobOptions,
  EncryptedStorageFeatureAsyncOptions,
  EncryptedStorageFeatureFactory,
  EncryptedStorageFeatures,
  EncryptedStorageFeatureSettings,
  EncryptedStorageModuleAsyncOptions,
  EncryptedStorageModuleExtras,
  EncryptedStorageModuleOptions,
  EncryptedStorageOptionsFactory,
  EncryptionOptions,
  NamedResource,
  QueueOptions,
  ResourceSettings,
  TableOptions,
  TableResource,
} from './nest/options/encrypted-storage.options.js';
export type { AccountKey, StorageConnection } from './nest/options/storage-connection.js';

// health
export {
  EncryptedStorageHealthIndicator,
  type StorageHealthOptions,
  type StorageHealthResult,
} from './nest/health/encrypted-storage.health.js';
export type { StorageHealthCheck } from './nest/health/health-checks.js';

export { EncryptedStorageKeys } from './nest/options/encrypted-storage-keys.js';

// injecting
export {
  InjectEncryptedBlobService,
  InjectEncryptedContainer,
  InjectEncryptedQueue,
  InjectEncryptedQueueService,
  InjectEncryptedStorageHealthIndicator,
  InjectEncryptedStorageKeys,
  InjectEncryptedTable,
  InjectEncryptedTableService,
} from './nest/injection/inject.decorators.js';
export {
  getEncryptedBlobServiceToken,
  getEncryptedContainerToken,
  getEncryptedQueueServiceToken,
  getEncryptedQueueToken,
  getEncryptedStorageHealthIndicatorToken,
  getEncryptedStorageKeysToken,
  getEncryptedTableServiceToken,
  getEncryptedTableToken,
} from './nest/injection/encrypted-storage.tokens.js';

// files over HTTP
export {
  EncryptedFileInterceptor,
  type EncryptedFileInterceptorOptions,
} from './nest/files/encrypted-file.interceptor.js';
export type {
  EncryptedFile,
  EncryptedFileOptions,
  FileDecision,
  IncomingFile,
} from './nest/files/encrypted-file.options.js';
export { EncryptedMulterStorage } from './nest/files/encrypted-multer-storage.js';
export { EncryptedBlobInterceptor } from './nest/files/encrypted-blob.interceptor.js';
export { sendEncryptedBlob, type SendBlobOptions, type SentBlob } from './nest/files/send-encrypted-blob.js';
export type { HttpExchange, HttpRequest, HttpResponse } from './nest/files/http-exchange.js';
export type { RequestHeaders } from './nest/files/conditions.js';

// consuming a queue
export { EncryptedQueueHandler } from './nest/consumers/queue-handler.decorator.js';
export type { EncryptedQueueHandlerOptions } from './nest/consumers/queue-handler-metadata.js';
export { EncryptedQueueConsumers } from './nest/consumers/encrypted-queue-consumers.js';

// maintenance
export { EncryptedStorageMaintenanceModule } from './nest/maintenance/encrypted-storage-maintenance.module.js';
export { EncryptedStorageMaintenance } from './nest/maintenance/encrypted-storage-maintenance.js';
export type { MaintenanceSettings, MaintenanceWorkerOptions } from './nest/maintenance/maintenance.options.js';
