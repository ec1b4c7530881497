/** Providers of the three services, for the whole application or for a feature module with a policy of its own. */
import type { InjectionToken, Provider } from '@nestjs/common';
import { EncryptedBlobService } from '../blob/encrypted-blob.service.js';
import { EncryptedQueueService } from '../queue/encrypted-queue.service.js';
import { EncryptedTableService } from '../table/encrypted-table.service.js';
import { EncryptedStorageHealthIndicator } from './encrypted-storage.health.js';
import { encryptionFor, toPolicy } from './encryption-policies.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';
import {
  clientsToken,
  getEncryptedBlobServiceToken,
  getEncryptedQueueServiceToken,
  getEncryptedStorageHealthIndicatorToken,
  getEncryptedTableServiceToken,
  optionsToken,
} from './encrypted-storage.tokens.js';
import { checkFeatureRegion, checkOptions } from './options-check.js';
import type { StorageClients } from './storage-clients.js';

/** Under which tokens the three services stand. */
export interface ServiceTokens {
  readonly blob: InjectionToken;
  readonly queue: InjectionToken;
  readonly table: InjectionToken;
}

export const publicServiceTokens = (name?: string): ServiceTokens => ({
  blob: getEncryptedBlobServiceToken(name),
  queue: getEncryptedQueueServiceToken(name),
  table: getEncryptedTableServiceToken(name),
});

export function serviceProviders(
  tokens: ServiceTokens,
  name: string | undefined,
  feature?: Partial<EncryptionOptions>,
): Provider[] {
  const inject = [optionsToken(name), clientsToken(name)];
  return [
    {
      provide: tokens.blob,
      inject,
      useFactory: (options: EncryptedStorageModuleOptions, clients: StorageClients) =>
        new EncryptedBlobService(clients.blobs, policyFor(options, 'blob', feature), {
          ...(clients.threads === undefined ? {} : { threads: clients.threads }),
        }),
    },
    {
      provide: tokens.queue,
      inject,
      useFactory: (options: EncryptedStorageModuleOptions, clients: StorageClients) =>
        new EncryptedQueueService(clients.queues, policyFor(options, 'queue', feature), {
          ...(options.queue?.messageEncoding === undefined ? {} : { messageEncoding: options.queue.messageEncoding }),
          ...(options.queue?.onDecryptionFailed === undefined
            ? {}
            : { onDecryptionFailed: options.queue.onDecryptionFailed }),
        }),
    },
    {
      provide: tokens.table,
      inject,
      useFactory: (options: EncryptedStorageModuleOptions, clients: StorageClients) =>
        new EncryptedTableService(clients.table, policyFor(options, 'table', feature)),
    },
  ];
}

/** The health indicator of an account under these policies. */
export const healthProvider = (name: string | undefined, feature?: Partial<EncryptionOptions>): Provider => ({
  provide: getEncryptedStorageHealthIndicatorToken(name),
  inject: [optionsToken(name), clientsToken(name)],
  useFactory: (options: EncryptedStorageModuleOptions, clients: StorageClients) =>
    new EncryptedStorageHealthIndicator({
      clients,
      policies: {
        blob: policyFor(options, 'blob', feature),
        queue: policyFor(options, 'queue', feature),
        table: policyFor(options, 'table', feature),
      },
    }),
});

/** The class tokens, for the default account. */
export const classAliases = (tokens: ServiceTokens): Provider[] => [
  { provide: EncryptedStorageHealthIndicator, useExisting: getEncryptedStorageHealthIndicatorToken() },
  { provide: EncryptedBlobService, useExisting: tokens.blob },
  { provide: EncryptedQueueService, useExisting: tokens.queue },
  { provide: EncryptedTableService, useExisting: tokens.table },
];

/** Checked as a whole: a feature's part and the root's may be right alone and wrong together. */
function policyFor(
  options: EncryptedStorageModuleOptions,
  kind: 'blob' | 'queue' | 'table',
  feature: Partial<EncryptionOptions> | undefined,
): ReturnType<typeof toPolicy> {
  const encryption = encryptionFor(options, kind, feature);
  if (kind === 'blob') checkFeatureRegion(encryption, feature);
  checkOptions({ connection: options.connection, encryption });
  return toPolicy(encryption);
}
