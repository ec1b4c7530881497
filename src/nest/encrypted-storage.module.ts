import { type DynamicModule, Module, type Type } from '@nestjs/common';
import {
  asyncSource,
  type CoreSource,
  EncryptedStorageCoreModule,
  syncSource,
} from './encrypted-storage-core.module.js';
import { EncryptedStorageFeatureModule } from './encrypted-storage-feature.module.js';
import type {
  EncryptedStorageFeatures,
  EncryptedStorageModuleAsyncOptions,
  EncryptedStorageModuleExtras,
  EncryptedStorageModuleOptions,
} from './options/encrypted-storage.options.js';
import {
  creationProvider,
  policyLogProvider,
  recordProvider,
  resourceProviders,
} from './injection/feature.providers.js';
import { policiesToken } from './injection/encrypted-storage.tokens.js';
import { checkFeatures } from './options/options-check.js';
import {
  classAliases,
  healthProvider,
  policiesProvider,
  publicServiceTokens,
  serviceProviders,
  type ServiceTokens,
} from './injection/service.providers.js';

let features = 0;

/**
 * Registers the encrypted services. `forRoot` once per account, `forFeature` wherever containers, queues or tables are used.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { AesKeyEncryptionKey, EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
 *
 * @Module({
 *   imports: [
 *     EncryptedStorageModule.forRoot({
 *       connection: { connectionString: process.env['AZURE_STORAGE_CONNECTION_STRING'] ?? '' },
 *       encryption: {
 *         protocol: '2.0',
 *         keyEncryptionKey: AesKeyEncryptionKey.fromBase64('clinic:2026', process.env['CLINIC_KEY'] ?? ''),
 *       },
 *     }),
 *     EncryptedStorageModule.forFeature({ containers: ['scans'] }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class EncryptedStorageModule {
  /** Registers an account with options that are known now. Faulty options fail the start of the application, all at once. */
  static forRoot(options: EncryptedStorageModuleOptions & EncryptedStorageModuleExtras): DynamicModule {
    const { name, isGlobal: _extra, ...own } = options;
    return rootModule({ name, imports: [], providers: syncSource(own) }, options);
  }

  /** Registers an account with options that a factory makes. `name` and `isGlobal` stand beside the factory, not in its answer. */
  static forRootAsync(options: EncryptedStorageModuleAsyncOptions): DynamicModule {
    const source = { name: options.name, imports: options.imports ?? [], providers: asyncSource(options) };
    return rootModule(source, options);
  }

  /**
   * Registers clients for injection, for the account of that name. With `encryption` the module has a policy of its own: the
   * services and clients that are injected where it is imported follow it, and what it leaves out comes from the root.
   */
  static forFeature(entities: readonly Type<object>[], name?: string): DynamicModule;
  static forFeature(features: EncryptedStorageFeatures, name?: string): DynamicModule;
  static forFeature(given: readonly Type<object>[] | EncryptedStorageFeatures, name?: string): DynamicModule {
    return featureModule(isEntityList(given) ? { tables: given } : given, name);
  }
}

function rootModule(source: CoreSource, { name, isGlobal = true }: EncryptedStorageModuleExtras): DynamicModule {
  const tokens = publicServiceTokens(name);
  const aliases = name === undefined ? classAliases(tokens) : [];
  const policies = policiesToken(name);
  const providers = [...serviceProviders(tokens, name, policies), healthProvider(name, policies), ...aliases];
  return {
    module: EncryptedStorageModule,
    global: isGlobal,
    imports: [EncryptedStorageCoreModule.for(source)],
    providers,
    exports: providers.map(tokenOf),
  };
}

function featureModule(given: EncryptedStorageFeatures, name: string | undefined): DynamicModule {
  checkFeatures(given);
  // a number of its own keeps Nest 10 from taking two features that look alike for one, and mixing their policies
  const id = `EncryptedStorageFeature:${features++}`;
  const hasPolicy = given.encryption !== undefined;
  const tokens = hasPolicy ? publicServiceTokens(name) : privateServiceTokens(id);
  const aliases = hasPolicy && name === undefined ? classAliases(tokens) : [];
  const policies = hasPolicy ? `${id}:policies` : policiesToken(name);
  const services = [
    ...serviceProviders(tokens, name, policies),
    ...(hasPolicy ? [healthProvider(name, policies)] : []),
  ];
  const resources = resourceProviders(given, tokens, name);
  const clients = resources.map(({ provider }) => provider);
  const providers = [
    ...(hasPolicy ? [policiesProvider(policies, name, given.encryption)] : []),
    ...services,
    ...aliases,
    ...clients,
    creationProvider(id, resources),
    recordProvider(given, resources, name),
    ...(hasPolicy ? [policyLogProvider(`${id}:policy`, given, policies)] : []),
  ];
  const exports = [...(hasPolicy ? services : []), ...aliases, ...clients].map(tokenOf);
  return {
    module: EncryptedStorageModule,
    imports: [EncryptedStorageFeatureModule.with(providers, exports)],
    exports: [EncryptedStorageFeatureModule],
  };
}

const privateServiceTokens = (id: string): ServiceTokens => ({
  blob: `${id}:blob`,
  queue: `${id}:queue`,
  table: `${id}:table`,
});

const tokenOf = (provider: object): string => (provider as { provide: string }).provide;

const isEntityList = (given: readonly Type<object>[] | EncryptedStorageFeatures): given is readonly Type<object>[] =>
  Array.isArray(given);
