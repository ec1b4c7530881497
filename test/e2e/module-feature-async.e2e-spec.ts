/** Features whose policy, names and creation come from a factory. */
import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import {
  AesKeyEncryptionKey,
  Encrypt,
  type EncryptedContainerClient,
  EncryptedEntity,
  type EncryptedQueueClient,
  type EncryptedStorageFeatureAsyncOptions,
  type EncryptedStorageFeatureFactory,
  type EncryptedStorageFeatureSettings,
  EncryptedStorageModule,
  type EncryptedTableClient,
  getEncryptedContainerToken,
  getEncryptedQueueToken,
  getEncryptedTableToken,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { optionsOf, started } from '../support/nest.js';

@EncryptedEntity()
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

const name = uniqueName('cohorts');
const tableName = name.replaceAll('-', '');

@Injectable()
class Configuration implements EncryptedStorageFeatureFactory {
  readonly key = AesKeyEncryptionKey.generate('research');

  createEncryptedStorageFeature(): EncryptedStorageFeatureSettings {
    return {
      encryption: { keyEncryptionKey: this.key },
      containers: { cohorts: { name, createIfNotExists: true } },
      queues: { tasks: name },
      tables: [{ entity: Patient, table: tableName, createIfNotExists: true }],
    };
  }
}

@Module({ providers: [Configuration], exports: [Configuration] })
class ConfigurationModule {}

const root = () => EncryptedStorageModule.forRoot(optionsOf());
const injected = { containers: ['cohorts'], queues: ['tasks'], tables: [Patient] };
const imports: ModuleMetadata['imports'] = [ConfigurationModule];

describe('forFeatureAsync', () => {
  const sources: [string, EncryptedStorageFeatureAsyncOptions][] = [
    [
      'useFactory',
      {
        ...injected,
        imports,
        inject: [Configuration],
        useFactory: async (configuration: Configuration) => configuration.createEncryptedStorageFeature(),
      },
    ],
    ['useClass', { ...injected, useClass: Configuration }],
    ['useExisting', { ...injected, imports, useExisting: Configuration }],
  ];
  it.each(sources)('accepts policy, names and creation options from %s', async (_source, options) => {
    const app = await started(EncryptedStorageModule.forFeatureAsync(options), root());
    const container = app.get<EncryptedContainerClient>(getEncryptedContainerToken('cohorts'), { strict: false });
    const queue = app.get<EncryptedQueueClient>(getEncryptedQueueToken('tasks'), { strict: false });
    const table = app.get<EncryptedTableClient<Patient>>(getEncryptedTableToken(Patient), { strict: false });
    const blob = container.getBlockBlobClient('one');

    await blob.uploadData(Buffer.from('content'));
    await table.upsertEntity({ partitionKey: 'p', rowKey: 'r', name: 'Ann' }, 'Replace');

    const { metadata } = await blob.unencryptedClient.getProperties();
    expect(JSON.parse(metadata?.['encryptiondata'] ?? '{}')).toMatchObject({
      EncryptionAgent: { Protocol: '2.0' },
      WrappedContentKey: { KeyId: 'research' },
    });
    expect([container.containerName, queue.unencryptedClient.name, table.unencryptedClient.tableName]).toEqual([
      name,
      name,
      tableName,
    ]);
    await app.close();
  });

  it('without its own policy writes like the root, under the names given with it', async () => {
    const feature = EncryptedStorageModule.forFeatureAsync({
      containers: [{ name: uniqueName('plain'), createIfNotExists: true }, 'scans'],
      useFactory: () => ({}),
    });
    const app = await started(root(), feature);

    const scans = app.get<EncryptedContainerClient>(getEncryptedContainerToken('scans'), { strict: false });

    expect(scans.containerName).toBe('scans');
    await app.close();
  });

  const broken: [string, unknown, readonly string[]][] = [
    ['nothing', undefined, ['the factory of forFeatureAsync returned nothing: return {}']],
    [
      'a container that is not injected',
      { containers: { cohort: 'cohorts-eu' } },
      ['"containers.cohort" is not an option: the options are cohorts'],
    ],
    [
      'names that the service refuses',
      { containers: { cohorts: 'My_Cohorts' }, queues: { tasks: { name: '-' } } },
      [
        '"containers.cohorts" cannot be "My_Cohorts": the name of a container has 3 to 63 lower-case letters, digits and single hyphens',
        '"queues.tasks.name" cannot be "-": the name of a queue has 3 to 63 lower-case letters, digits and single hyphens',
      ],
    ],
    [
      'a misspelt policy',
      { encryption: { protocl: '1.0' } },
      [expect.stringMatching(/^"encryption.protocl" is not an option/)],
    ],
  ];
  it.each(broken)('prevents start-up for %s', async (_what, answer, faults) => {
    const feature = EncryptedStorageModule.forFeatureAsync({
      ...injected,
      useFactory: () => answer as EncryptedStorageFeatureSettings,
    });

    await expect(started(root(), feature)).rejects.toMatchObject({ code: 'INVALID_OPTIONS', faults });
  });

  it('requires a factory', () => {
    expect(() => EncryptedStorageModule.forFeatureAsync({ containers: ['cohorts'] })).toThrow(
      'forFeatureAsync needs one of useFactory, useClass and useExisting',
    );
  });
});
