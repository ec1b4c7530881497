import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { EncryptedStorageCoreModule } from './encrypted-storage-core.module.js';
import { EncryptedStorageFeatureModule, type FeatureSource } from './encrypted-storage-feature.module.js';
import { assertTables, named, resourcesOf } from './injection/resources.js';
import { rootAliases } from './injection/service.providers.js';
import { asyncSource, givenSource, type SettingsSource } from './options-source.js';
import type {
  EncryptedStorageFeatureAsyncOptions,
  EncryptedStorageFeatureFactory,
  EncryptedStorageFeatures,
  EncryptedStorageFeatureSettings,
  EncryptedStorageModuleAsyncOptions,
  EncryptedStorageModuleExtras,
  EncryptedStorageModuleOptions,
  EncryptedStorageOptionsFactory,
} from './options/encrypted-storage.options.js';
import { checkFeatures, checkSettings } from './options/feature-check.js';
import { assertCalledWithOptions, checkExtras, checkOptions } from './options/options-check.js';

/**
 * Registers the encrypted services. Call `forRoot` once for each account, and `forFeature` wherever you use containers, queues or
 * tables.
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
  /** Registers an account with options that are already known. Invalid options stop start-up, and one error lists all of them. */
  static forRoot(options: EncryptedStorageModuleOptions & EncryptedStorageModuleExtras): DynamicModule {
    checkExtras(options, 'forRoot');
    const { name: _name, isGlobal: _isGlobal, ...own } = options;
    return rootModule(givenSource(own, checkOptions), options);
  }

  /** Registers an account with options from a factory. Give `name` and `isGlobal` next to the factory. */
  static forRootAsync(options: EncryptedStorageModuleAsyncOptions): DynamicModule {
    checkExtras(options, 'forRootAsync');
    const source = asyncSource<EncryptedStorageModuleOptions>(options, {
      method: 'forRootAsync',
      ask: (factory: EncryptedStorageOptionsFactory) => factory.createEncryptedStorageOptions(options.name),
      check: checkOptions,
    });
    return rootModule(source, options);
  }

  /**
   * Registers clients for injection, for the account with that name. With `encryption`, the module has its own policy, which
   * applies to services and clients that are injected where the module is imported. Members that the policy leaves out come from
   * the root.
   *
   * @throws `INVALID_OPTIONS` with every fault, including names that Azure Storage does not accept
   */
  static forFeature(entities: readonly Type<object>[], name?: string): DynamicModule;
  static forFeature(features: EncryptedStorageFeatures, name?: string): DynamicModule;
  static forFeature(given: readonly Type<object>[] | EncryptedStorageFeatures, name?: string): DynamicModule {
    const features = isEntityList(given) ? { tables: given } : given;
    checkFeatures(features);
    assertTables(features);
    const { encryption } = features;
    return featureModule({
      ...givenSource<EncryptedStorageFeatureSettings>({ encryption }),
      account: name,
      resources: resourcesOf(features, name),
      hasPolicy: encryption !== undefined,
    });
  }

  /**
   * The same with settings from a factory: the policy, the names in the account, and whether to create missing resources. Give
   * the names for injection next to the factory.
   *
   * @throws `INVALID_OPTIONS` if there is no factory. Faults in what the factory returns stop start-up.
   *
   * @example
   * ```ts
   * import { Module } from '@nestjs/common';
   * import { AesKeyEncryptionKey, EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
   *
   * @Module({
   *   imports: [
   *     EncryptedStorageModule.forFeatureAsync({
   *       containers: ['cohorts'],
   *       useFactory: () => ({
   *         encryption: {
   *           keyEncryptionKey: AesKeyEncryptionKey.fromBase64('research:2026', process.env['RESEARCH_KEY'] ?? ''),
   *         },
   *         containers: { cohorts: { name: 'cohorts-eu', createIfNotExists: true } },
   *       }),
   *     }),
   *   ],
   * })
   * export class ResearchModule {}
   * ```
   */
  static forFeatureAsync(options: EncryptedStorageFeatureAsyncOptions, name?: string): DynamicModule {
    assertCalledWithOptions(options, 'forFeatureAsync');
    const { containers = [], queues = [], tables = [] } = options;
    const features = { containers, queues, tables };
    checkFeatures(features, 'forFeatureAsync');
    const injected = {
      containers: containers.map((given) => named(given).name),
      queues: queues.map((given) => named(given).name),
    };
    const source = asyncSource<EncryptedStorageFeatureSettings>(options, {
      method: 'forFeatureAsync',
      ask: (factory: EncryptedStorageFeatureFactory) => factory.createEncryptedStorageFeature(name),
      check: (settings) => checkSettings(settings, injected),
    });
    return featureModule({ ...source, account: name, resources: resourcesOf(features, name), hasPolicy: true });
  }
}

function rootModule(source: SettingsSource, { name, isGlobal = true }: EncryptedStorageModuleExtras): DynamicModule {
  const providers = rootAliases(name);
  return {
    module: EncryptedStorageModule,
    global: isGlobal,
    imports: [EncryptedStorageCoreModule.for(name, source)],
    providers,
    exports: providers.map(({ provide }) => provide),
  };
}

const featureModule = (source: FeatureSource): DynamicModule => ({
  module: EncryptedStorageModule,
  imports: [EncryptedStorageFeatureModule.for(source)],
  exports: [EncryptedStorageFeatureModule],
});

const isEntityList = (given: readonly Type<object>[] | EncryptedStorageFeatures): given is readonly Type<object>[] =>
  Array.isArray(given);
