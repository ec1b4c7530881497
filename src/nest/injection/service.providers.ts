/** Providers of the three services, for the whole application or for a feature module with a policy of its own. */
import type { InjectionToken, Provider } from '@nestjs/common';
import { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import type { EncryptedQueueOptions } from '../../queue/queue-options.js';
import { EncryptedTableService } from '../../table/encrypted-table.service.js';
import { EncryptedStorageHealthIndicator } from '../health/encrypted-storage.health.js';
import { type EncryptionPolicies, toPolicies } from '../options/encryption-policies.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from '../options/encrypted-storage.options.js';
import {
  clientsToken,
  getEncryptedBlobServiceToken,
  getEncryptedQueueServiceToken,
  getEncryptedStorageHealthIndicatorToken,
  getEncryptedTableServiceToken,
  optionsToken,
} from './encrypted-storage.tokens.js';
import type { StorageClients } from '../options/storage-clients.js';

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

/** The policies of an account, or of a feature that has its own. */
export const policiesProvider = (
  token: InjectionToken,
  name: string | undefined,
  feature?: Partial<EncryptionOptions>,
): Provider => ({
  provide: token,
  inject: [optionsToken(name)],
  useFactory: (options: EncryptedStorageModuleOptions) => toPolicies(options, feature),
});

/** `policies` is the token that the policies stand under. */
export function serviceProviders(
  tokens: ServiceTokens,
  name: string | undefined,
  policies: InjectionToken,
): Provider[] {
  const inject = [policies, clientsToken(name)];
  return [
    {
      provide: tokens.blob,
      inject,
      useFactory: ({ blob }: EncryptionPolicies, clients: StorageClients) =>
        new EncryptedBlobService(clients.blobs, blob, {
          ...(clients.threads === undefined ? {} : { threads: clients.threads }),
        }),
    },
    {
      provide: tokens.queue,
      inject: [...inject, optionsToken(name)],
      useFactory: ({ queue }: EncryptionPolicies, clients: StorageClients, options: EncryptedStorageModuleOptions) =>
        new EncryptedQueueService(clients.queues, queue, queueOptions(options)),
    },
    {
      provide: tokens.table,
      inject: [...inject, optionsToken(name)],
      useFactory: ({ table }: EncryptionPolicies, clients: StorageClients, options: EncryptedStorageModuleOptions) =>
        new EncryptedTableService(clients.table, table, { onDecryptionFailed: options.table?.onDecryptionFailed }),
    },
  ];
}

const queueOptions = ({ queue }: EncryptedStorageModuleOptions): EncryptedQueueOptions => ({
  ...(queue?.messageEncoding === undefined ? {} : { messageEncoding: queue.messageEncoding }),
  ...(queue?.onDecryptionFailed === undefined ? {} : { onDecryptionFailed: queue.onDecryptionFailed }),
});

/** The health indicator of an account under these policies. */
export const healthProvider = (name: string | undefined, policies: InjectionToken): Provider => ({
  provide: getEncryptedStorageHealthIndicatorToken(name),
  inject: [policies, clientsToken(name)],
  useFactory: (given: EncryptionPolicies, clients: StorageClients) =>
    new EncryptedStorageHealthIndicator({ clients, policies: given }),
});

/** The class tokens, for the default account. */
export const classAliases = (tokens: ServiceTokens): Provider[] => [
  { provide: EncryptedStorageHealthIndicator, useExisting: getEncryptedStorageHealthIndicatorToken() },
  { provide: EncryptedBlobService, useExisting: tokens.blob },
  { provide: EncryptedQueueService, useExisting: tokens.queue },
  { provide: EncryptedTableService, useExisting: tokens.table },
];
