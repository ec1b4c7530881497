/**
 * What one `forFeature` provides. It is in a separate module that `forFeature` re-exports. If a module sees a token twice, from a
 * feature and from the root, Nest 10 may inject the global one if that was imported directly, and the policy of the feature would
 * silently not apply.
 */
import { type DynamicModule, Module } from '@nestjs/common';
import { publicServiceTokens, rootServiceTokens } from './injection/encrypted-storage.tokens.js';
import {
  clientProviders,
  creationProvider,
  type Feature,
  featurePoliciesProvider,
  policyLogProvider,
  recordProvider,
} from './injection/feature.providers.js';
import type { Resource } from './injection/resources.js';
import { classAliases, rootAliases, serviceProviders } from './injection/service.providers.js';
import type { SettingsSource } from './options-source.js';

/** The parts of a feature. */
export interface FeatureSource extends SettingsSource {
  readonly account: string | undefined;
  readonly resources: readonly Resource[];
  /** Whether the feature may have a policy, and so its own services. */
  readonly hasPolicy: boolean;
}

let features = 0;

@Module({})
export class EncryptedStorageFeatureModule {
  static for({ account, resources, hasPolicy, imports, providersOf }: FeatureSource): DynamicModule {
    // a unique number keeps Nest 10 from treating two similar features as one and mixing their policies
    const id = `EncryptedStorageFeature:${features++}`;
    const services = hasPolicy ? publicServiceTokens(account) : rootServiceTokens(account);
    const feature: Feature = { id, account, resources, settings: `${id}:settings`, services };
    const policies = `${id}:policies`;
    const shown = [...clientProviders(feature), ...(hasPolicy ? policyServices(policies, feature) : [])];
    return {
      module: EncryptedStorageFeatureModule,
      imports: [...imports, ...(hasPolicy ? [EncryptedStorageRootServicesModule.after(feature)] : [])],
      providers: [
        ...providersOf(feature.settings),
        ...shown,
        creationProvider(feature),
        recordProvider(feature),
        ...(hasPolicy ? [featurePoliciesProvider(policies, feature), policyLogProvider(policies, feature)] : []),
      ],
      exports: shown.map(({ provide }) => provide),
    };
  }
}

/** Services under the policy of the feature, for the modules that import it. */
const policyServices = (policies: string, { account, services }: Feature) => [
  ...serviceProviders(services, account, policies),
  ...(account === undefined ? classAliases(services) : []),
];

/**
 * Provides the root's services again, where no module injects them. `app.get()` and `moduleRef.get(..., { strict: false })` take
 * the last module that provides a token. Nest adds a module before those that it imports, so this one always comes after its
 * feature, and these calls return the root's services, regardless of the order of imports.
 */
@Module({})
class EncryptedStorageRootServicesModule {
  static after({ id, account }: Feature): DynamicModule {
    return {
      module: EncryptedStorageRootServicesModule,
      providers: [{ provide: `${id}:root`, useValue: id }, ...rootAliases(account)],
    };
  }
}
