/**
 * What each account has once: checked options, clients, policies and the root's services. The module is global, so that feature
 * modules anywhere find it.
 */
import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { refuse } from '../option-rules.js';
import { QueueConsumersModule } from './consumers/queue-consumers.module.js';
import {
  clientsToken,
  optionsToken,
  policiesToken,
  rootServiceTokens,
  vaultsToken,
} from './injection/encrypted-storage.tokens.js';
import { featureConflicts } from './injection/feature-conflicts.js';
import { serviceProviders } from './injection/service.providers.js';
import type { StartedModule } from './injection/visible-modules.js';
import type { SettingsSource } from './options-source.js';
import { EncryptedStorageKeys } from './options/encrypted-storage-keys.js';
import type { EncryptedStorageModuleOptions } from './options/encrypted-storage.options.js';
import { type EncryptionPolicies, toPolicies } from './options/encryption-policies.js';
import { logPolicies } from './options/policy-log.js';
import { StorageClients } from './options/storage-clients.js';

let modules = 0;

@Module({})
export class EncryptedStorageCoreModule {
  static for(name: string | undefined, { imports, providersOf }: SettingsSource): DynamicModule {
    const startToken = `EncryptedStorageStart:${modules++}`;
    const [options, policies, vaults] = [optionsToken(name), policiesToken(name), vaultsToken(name)];
    const services = serviceProviders(rootServiceTokens(name), name, policies);
    return {
      module: EncryptedStorageCoreModule,
      global: true,
      imports: [QueueConsumersModule, ...imports],
      providers: [
        ...providersOf(options),
        {
          provide: clientsToken(name),
          inject: [options],
          useFactory: (given: EncryptedStorageModuleOptions) => new StorageClients(given),
        },
        { provide: vaults, useFactory: () => new EncryptedStorageKeys() },
        {
          provide: policies,
          inject: [options, vaults],
          useFactory: (given: EncryptedStorageModuleOptions, keys: EncryptedStorageKeys) => toPolicies(given, keys),
        },
        ...services,
        {
          // a unique token keeps Nest 10 from treating two similar calls as one
          provide: startToken,
          inject: [policies, ModulesContainer],
          useFactory: (made: EncryptionPolicies, container: ModulesContainer) => ({
            onModuleInit: (): void => begin(made, [...container.values()], name),
          }),
        },
      ],
      exports: [options, clientsToken(name), vaults, policies, ...services.map(({ provide }) => provide)],
    };
  }
}

/** Runs once per account: rejects a second registration under the same name, and logs the policies. */
function begin(policies: EncryptionPolicies, started: readonly StartedModule[], name: string | undefined): void {
  const registrations = started.filter(({ providers }) => providers.has(optionsToken(name)));
  const which = name === undefined ? 'without a name' : `named "${name}"`;
  if (registrations.length > 1) {
    refuse([`EncryptedStorageModule.forRoot is imported twice ${which}: give one of them another "name"`]);
  }
  refuse(featureConflicts(started, name));
  logPolicies(policies, name === undefined ? '' : `account "${name}", `);
}
