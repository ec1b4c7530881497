/** Providers of the services and the health indicator, for the whole application or for a feature with a policy. */
import type { ExistingProvider as AliasProvider, FactoryProvider, InjectionToken } from '@nestjs/common';
import { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import { EncryptedQueueService } from '../../queue/encrypted-queue.service.js';
import { EncryptedTableService } from '../../table/encrypted-table.service.js';
import { EncryptedStorageHealthIndicator } from '../health/encrypted-storage.health.js';
import { EncryptedStorageKeys } from '../options/encrypted-storage-keys.js';
import { warnOfSearchTag } from '../options/failure-log.js';
import type { EncryptionPolicies } from '../options/encryption-policies.js';
import type { EncryptedStorageModuleOptions } from '../options/encrypted-storage.options.js';
import {
  clientsToken,
  getEncryptedStorageKeysToken,
  optionsToken,
  publicServiceTokens,
  rootServiceTokens,
  type ServiceTokens,
  vaultsToken,
} from './encrypted-storage.tokens.js';
import type { StorageClients } from '../options/storage-clients.js';

/** `policies` is the token of the policies. */
export function serviceProviders(
  tokens: ServiceTokens,
  name: string | undefined,
  policies: InjectionToken,
): FactoryProvider[] {
  const inject = [policies, clientsToken(name)];
  const withOptions = [...inject, optionsToken(name)];
  return [
    {
      provide: tokens.blob,
      inject,
      useFactory: ({ blob }: EncryptionPolicies, { blobs, threads, keptMemory }: StorageClients) =>
        new EncryptedBlobService(blobs, blob, { threads, keptMemory }),
    },
    {
      provide: tokens.queue,
      inject: withOptions,
      useFactory: ({ queue }: EncryptionPolicies, clients: StorageClients, options: EncryptedStorageModuleOptions) => {
        const { messageEncoding, traceContext, onDecryptionFailed } = options.queue ?? {};
        return new EncryptedQueueService(clients.queues, queue, { messageEncoding, traceContext, onDecryptionFailed });
      },
    },
    {
      provide: tokens.table,
      inject: withOptions,
      useFactory: ({ table }: EncryptionPolicies, clients: StorageClients, options: EncryptedStorageModuleOptions) => {
        const { onDecryptionFailed, onSearchTagMismatch = warnOfSearchTag } = options.table ?? {};
        const defaults = { onDecryptionFailed, onSearchTagMismatch };
        return new EncryptedTableService(clients.table, table, defaults, clients.tableService);
      },
    },
    {
      provide: tokens.health,
      inject,
      useFactory: (given: EncryptionPolicies, clients: StorageClients) =>
        new EncryptedStorageHealthIndicator({ clients, policies: given }),
    },
  ];
}

/** The root's services, under the tokens that users inject. */
export function rootAliases(name: string | undefined): AliasProvider[] {
  const [given, root] = [publicServiceTokens(name), rootServiceTokens(name)];
  const kinds = Object.keys(root) as (keyof ServiceTokens)[];
  const aliases = kinds.map((kind) => ({ provide: given[kind], useExisting: root[kind] }));
  const keys = { provide: getEncryptedStorageKeysToken(name), useExisting: vaultsToken(name) };
  const keysClass = { provide: EncryptedStorageKeys, useExisting: vaultsToken() };
  return [...aliases, keys, ...(name === undefined ? [...classAliases(root), keysClass] : [])];
}

/** The class tokens, for the default account. */
export const classAliases = (tokens: ServiceTokens): AliasProvider[] => [
  { provide: EncryptedStorageHealthIndicator, useExisting: tokens.health },
  { provide: EncryptedBlobService, useExisting: tokens.blob },
  { provide: EncryptedQueueService, useExisting: tokens.queue },
  { provide: EncryptedTableService, useExisting: tokens.table },
];
