/** What every account has once: checked options and clients. Global, so that feature modules find it wherever they are. */
import { type DynamicModule, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../errors/input.js';
import type {
  EncryptedStorageModuleAsyncOptions,
  EncryptedStorageModuleOptions,
  EncryptedStorageOptionsFactory,
} from './options/encrypted-storage.options.js';
import { clientsToken, optionsToken, policiesToken } from './injection/encrypted-storage.tokens.js';
import type { EncryptionPolicies } from './options/encryption-policies.js';
import { checkOptions } from './options/options-check.js';
import { tellPolicies } from './options/policy-log.js';
import { featureConflicts } from './injection/feature-conflicts.js';
import { QueueConsumersModule } from './consumers/queue-consumers.module.js';
import { policiesProvider } from './injection/service.providers.js';
import { StorageClients } from './options/storage-clients.js';

/** Where the options come from. */
export interface CoreSource {
  readonly name: string | undefined;
  readonly imports: NonNullable<DynamicModule['imports']>;
  readonly providers: Provider[];
}

const RAW = 'EncryptedStorageRawOptions';
let modules = 0;

@Module({})
export class EncryptedStorageCoreModule {
  static for({ name, imports, providers }: CoreSource): DynamicModule {
    const startToken = `EncryptedStorageStart:${modules++}`;
    return {
      module: EncryptedStorageCoreModule,
      global: true,
      imports: [QueueConsumersModule, ...imports],
      providers: [
        ...providers,
        {
          provide: optionsToken(name),
          inject: [RAW],
          useFactory: (options: EncryptedStorageModuleOptions) => {
            checkOptions(options);
            return options;
          },
        },
        {
          provide: clientsToken(name),
          inject: [optionsToken(name)],
          useFactory: (options: EncryptedStorageModuleOptions) => new StorageClients(options),
        },
        policiesProvider(policiesToken(name), name),
        {
          // a token of its own keeps Nest 10 from taking two calls that look alike for one
          provide: startToken,
          inject: [policiesToken(name), ModulesContainer],
          useFactory: (policies: EncryptionPolicies, container: ModulesContainer) =>
            new StartUp(policies, container, name),
        },
      ],
      exports: [optionsToken(name), clientsToken(name), policiesToken(name)],
    };
  }
}

/** Options that are given as they are. In a function, so that Nest 10 does not print secrets into its module ids. */
export const syncSource = (options: EncryptedStorageModuleOptions): Provider[] => [
  { provide: RAW, useFactory: () => options },
];

/** Options that come from a factory, a class or a provider. */
export function asyncSource(options: EncryptedStorageModuleAsyncOptions): Provider[] {
  const { useFactory, useClass, useExisting, inject = [], name } = options;
  if (useFactory !== undefined) return [{ provide: RAW, useFactory, inject }];
  const factory = useExisting ?? useClass;
  if (factory === undefined) {
    throw new InvalidOptionsError(['forRootAsync needs one of useFactory, useClass and useExisting']);
  }
  return [
    ...(useClass === undefined ? [] : [{ provide: useClass, useClass }]),
    {
      provide: RAW,
      inject: [factory],
      useFactory: (made: EncryptedStorageOptionsFactory) => made.createEncryptedStorageOptions(name),
    },
  ];
}

/** Once per account: refuses a second registration under the same name, and tells what is in force. */
class StartUp implements OnModuleInit {
  constructor(
    private readonly policies: EncryptionPolicies,
    private readonly container: ModulesContainer,
    private readonly name: string | undefined,
  ) {}

  onModuleInit(): void {
    this.assertAlone();
    const conflicts = featureConflicts(this.container.values(), this.name);
    if (conflicts.length > 0) throw new InvalidOptionsError(conflicts);
    tellPolicies(this.policies, this.name === undefined ? '' : `account "${this.name}", `);
  }

  private assertAlone(): void {
    const token = optionsToken(this.name);
    const registrations = [...this.container.values()].filter(({ providers }) => providers.has(token));
    if (registrations.length < 2) return;
    const which = this.name === undefined ? 'without a name' : `named "${this.name}"`;
    throw new InvalidOptionsError([
      `EncryptedStorageModule.forRoot is imported twice ${which}: give one of them another "name"`,
    ]);
  }
}
