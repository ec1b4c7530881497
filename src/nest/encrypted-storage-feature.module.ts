/**
 * What one `forFeature` provides. It stands in a module of its own that `forFeature` hands on: of a token that a module sees
 * twice, from a feature and from the root, Nest 10 may inject the global one if it was imported directly, and the policy of the
 * feature would silently not hold.
 */
import { type DynamicModule, Module, type Provider } from '@nestjs/common';

@Module({})
export class EncryptedStorageFeatureModule {
  static with(providers: Provider[], exports: NonNullable<DynamicModule['exports']>): DynamicModule {
    return { module: EncryptedStorageFeatureModule, providers, exports };
  }
}
