/** The recipes of docs/testing.md, for an application that registers the module as docs/getting-started.md does. */
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  type EncryptedContainerClient,
  EncryptedStorageModule,
  type EncryptedStorageModuleOptions,
  type EncryptedStorageOptionsFactory,
  getEncryptedContainerToken,
  InjectEncryptedContainer,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { SILENT } from '../support/nest.js';

const container = uniqueName('scans');

@Injectable()
class StorageOptions implements EncryptedStorageOptionsFactory {
  createEncryptedStorageOptions(): EncryptedStorageModuleOptions {
    throw new Error('Production is out of reach of a test');
  }
}

@Injectable()
class Scans {
  constructor(@InjectEncryptedContainer(container) readonly scans: EncryptedContainerClient) {}
}

@Module({ providers: [StorageOptions], exports: [StorageOptions] })
class StorageOptionsModule {}

@Module({
  imports: [EncryptedStorageModule.forFeature({ containers: [{ name: container, createIfNotExists: true }] })],
  providers: [Scans],
})
class ScansModule {}

@Module({
  imports: [
    EncryptedStorageModule.forRootAsync({ imports: [StorageOptionsModule], useExisting: StorageOptions }),
    ScansModule,
  ],
})
class AppByExisting {}

@Module({ imports: [EncryptedStorageModule.forRootAsync({ useClass: StorageOptions }), ScansModule] })
class AppByClass {}

const testOptions: EncryptedStorageOptionsFactory = {
  createEncryptedStorageOptions: () => ({
    connection: { connectionString: connectionString() },
    encryption: { protocol: '2.0', keyEncryptionKey: AesKeyEncryptionKey.generate('test') },
  }),
};

describe.each([
  ['useExisting', AppByExisting],
  ['useClass', AppByClass],
])('an application that names its options by %s', (_how, app) => {
  it('runs against the emulator if a test overrides the options', async () => {
    const module = await Test.createTestingModule({ imports: [app] })
      .overrideProvider(StorageOptions)
      .useValue(testOptions)
      .setLogger(SILENT)
      .compile();
    await module.init();
    const { scans } = module.get(Scans, { strict: false });

    await scans.getBlockBlobClient('one').uploadData(Buffer.from('plain words'));

    const stored = await scans.getBlockBlobClient('one').unencryptedClient.downloadToBuffer();
    expect(stored.includes('plain words')).toBe(false);
    expect((await scans.getBlockBlobClient('one').downloadToBuffer()).toString()).toBe('plain words');
    await module.close();
  });

  it('starts without any storage if a test replaces its clients with fakes', async () => {
    const created: string[] = [];
    const fake = { createIfNotExists: () => Promise.resolve(created.push(container)) };
    const unreachable: EncryptedStorageOptionsFactory = {
      createEncryptedStorageOptions: () => ({
        connection: { blobEndpoint: 'https://storage.invalid' },
        encryption: { protocol: '2.0', keyEncryptionKey: AesKeyEncryptionKey.generate('test') },
      }),
    };
    const module = await Test.createTestingModule({ imports: [app] })
      .overrideProvider(StorageOptions)
      .useValue(unreachable)
      .overrideProvider(getEncryptedContainerToken(container))
      .useValue(fake)
      .setLogger(SILENT)
      .compile();
    await module.init();

    expect(module.get(Scans, { strict: false }).scans).toBe(fake);
    expect(created).toEqual([container]);
    await module.close();
  });
});
