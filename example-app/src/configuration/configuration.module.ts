/** The clinic's part of the configuration, as `@nestjs/config` loads it: checked variables become keys and names. */
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import { type DynamicModule, Module } from '@nestjs/common';
import { configuredKeys } from '../keys/configured-keys.js';
import { configuredSearchKeys } from '../keys/configured-search-keys.js';
import { ClinicSettings, type GivenSettings } from './clinic-settings.js';
import { checkedEnvironment } from './environment.js';

const NAMESPACE = 'clinic';
/** Settings for the factories of modules: `inject: [CLINIC]`. */
export const CLINIC = getConfigToken(NAMESPACE);

/** Options for starting an application. */
export interface ClinicConfiguration {
  /** Whether the demonstration may tamper with storage and watch it: only with an embedded emulator. */
  readonly demonstration: boolean;
  readonly load: () => GivenSettings | Promise<GivenSettings>;
}

/** @throws for invalid variables, naming all of them */
export async function settingsFrom(variables: NodeJS.ProcessEnv): Promise<GivenSettings> {
  const environment = checkedEnvironment(variables);
  return {
    connectionString: environment.AZURE_STORAGE_CONNECTION_STRING ?? '',
    keys: await configuredKeys(environment),
    searchKeys: configuredSearchKeys(environment),
    prefix: environment.CLINIC_PREFIX,
    port: environment.PORT,
  };
}

/** Loads the settings once. The async forms of other modules inject {@link CLINIC}, providers the class. */
@Module({})
export class ConfigurationModule {
  static load({ load, demonstration }: ClinicConfiguration): DynamicModule {
    const clinic = registerAs(NAMESPACE, async () => new ClinicSettings({ ...(await load()), demonstration }));
    return {
      module: ConfigurationModule,
      global: true,
      imports: [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [clinic] })],
      providers: [{ provide: ClinicSettings, useExisting: CLINIC }],
      exports: [ClinicSettings],
    };
  }
}
