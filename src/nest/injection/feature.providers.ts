/** Providers of a feature module: clients of its containers, queues and tables, under its policy. */
import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import type {
  EncryptedStorageFeatures,
  EncryptedStorageFeatureSettings,
  EncryptedStorageModuleOptions,
} from '../options/encrypted-storage.options.js';
import type { EncryptedStorageKeys } from '../options/encrypted-storage-keys.js';
import { type EncryptionPolicies, toPolicies } from '../options/encryption-policies.js';
import { logPolicies } from '../options/policy-log.js';
import { optionsToken, policiesToken, vaultsToken, type ServiceTokens } from './encrypted-storage.tokens.js';
import type { Resource } from './resources.js';

/** One call of `forFeature` or `forFeatureAsync`. */
export interface Feature {
  /** Unique among features. */
  readonly id: string;
  readonly account: string | undefined;
  readonly resources: readonly Resource[];
  /** Token of the {@link EncryptedStorageFeatureSettings} of the feature. */
  readonly settings: InjectionToken;
  /** Tokens of the services that its clients come from. */
  readonly services: ServiceTokens;
}

/** A client for each resource. */
export const clientProviders = ({ resources, services, settings }: Feature): readonly FactoryProvider[] =>
  resources.map(({ token, service, settled }) => ({
    provide: token,
    inject: [services[service], settings],
    useFactory: (made: never, decided: EncryptedStorageFeatureSettings) => settled(decided).client(made),
  }));

/** Creates the requested resources when the module starts. */
export const creationProvider = ({ id, resources, settings }: Feature): FactoryProvider => ({
  provide: `${id}:creation`,
  inject: [settings, ...resources.map(({ token }) => token)],
  useFactory: (decided: EncryptedStorageFeatureSettings, ...clients: never[]) => ({
    onModuleInit: async (): Promise<void> => {
      await Promise.all(
        resources.map(async ({ settled, create }, index) => {
          if (settled(decided).createIfNotExists === true) await create(clients[index] as never);
        }),
      );
    },
  }),
});

/** A client that a feature module provides, and its policy. Read when the application starts. */
export interface ProvidedClient extends Pick<Resource, 'token' | 'title'> {
  readonly account: string | undefined;
  readonly encryption: EncryptedStorageFeatures['encryption'];
  /** Name of the container, queue or table in the account. */
  readonly name: string;
}

export const FEATURE = 'EncryptedStorageFeature';

export const recordProvider = ({ account, resources, settings }: Feature): FactoryProvider => ({
  provide: FEATURE,
  inject: [settings],
  useFactory: (decided: EncryptedStorageFeatureSettings): readonly ProvidedClient[] =>
    resources.map(({ token, title, settled }) => {
      return { token, title, account, encryption: decided.encryption, name: settled(decided).name() };
    }),
});

/**
 * The policies of a feature. If it changes nothing, they are those of the root and share its limit on key calls and its cache.
 */
export const featurePoliciesProvider = (policies: InjectionToken, { account, settings }: Feature): FactoryProvider => ({
  provide: policies,
  inject: [optionsToken(account), policiesToken(account), vaultsToken(account), settings],
  useFactory: (
    options: EncryptedStorageModuleOptions,
    root: EncryptionPolicies,
    ...[vaults, { encryption }]: [EncryptedStorageKeys, EncryptedStorageFeatureSettings]
  ) => (encryption === undefined ? root : toPolicies(options, vaults, encryption)),
});

/** Logs the policy of a feature when the module starts, with the warnings about 1.0 and about accepted plaintext. */
export function policyLogProvider(policies: InjectionToken, { id, resources, settings }: Feature): FactoryProvider {
  const titles = resources.map(({ title }) => title).join(', ');
  const where = `feature ${titles === '' ? 'without resources' : `of ${titles}`}: `;
  return {
    provide: `${id}:policy`,
    inject: [policies, settings],
    useFactory: (given: EncryptionPolicies, { encryption }: EncryptedStorageFeatureSettings) => ({
      onModuleInit: (): void => {
        if (encryption !== undefined) logPolicies(given, where);
      },
    }),
  };
}
