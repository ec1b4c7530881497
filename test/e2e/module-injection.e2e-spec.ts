/** Which services a module receives that imports a feature with its own policy alongside the global root services. */
import { Controller, Injectable, Module, type Type } from '@nestjs/common';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  EncryptedQueueService,
  EncryptedStorageModule,
  EncryptedTableService,
  InjectEncryptedBlobService,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { optionsOf, started } from '../support/nest.js';

const key = AesKeyEncryptionKey.generate('of:feature');

@Injectable()
class ByClass {
  constructor(
    readonly blobs: EncryptedBlobService,
    readonly queues: EncryptedQueueService,
    readonly tables: EncryptedTableService,
  ) {}
}

@Controller()
class ControllerByClass extends ByClass {}

@Controller()
class ControllerByToken {
  constructor(@InjectEncryptedBlobService() readonly blobs: EncryptedBlobService) {}
}

const feature = () => EncryptedStorageModule.forFeature({ encryption: { protocol: '1.0', keyEncryptionKey: key } });

@Module({ imports: [feature()], exports: [EncryptedStorageModule] })
class HandedOnModule {}

const imports: Readonly<Record<string, () => Type<unknown> | ReturnType<typeof feature>>> = {
  'imports it': feature,
  'imports a module that re-exports it': () => HandedOnModule,
};

describe.each(Object.entries(imports))('a module with its own feature that %s', (_how, imported) => {
  it.each([
    ['a provider', ByClass],
    ['a controller', ControllerByClass],
    ['a controller that injects by token', ControllerByToken],
  ] as const)('applies its policy to %s', async (_what, consumer) => {
    @Module({ imports: [imported()], providers: [ByClass], controllers: [ControllerByClass, ControllerByToken] })
    class FeatureModule {}
    const container = uniqueName('injected');
    const app = await started(FeatureModule, EncryptedStorageModule.forRoot(optionsOf()));

    const { blobs } = app.get<{ blobs: EncryptedBlobService }>(consumer, { strict: false });
    const client = blobs.getContainerClient(container);
    await client.createIfNotExists();
    await client.getBlockBlobClient('blob').uploadData(Buffer.from('content'));

    const { metadata } = await client.getBlockBlobClient('blob').unencryptedClient.getProperties();
    expect(JSON.parse(metadata?.['encryptiondata'] ?? '{}')).toMatchObject({
      EncryptionAgent: { Protocol: '1.0' },
      WrappedContentKey: { KeyId: 'of:feature' },
    });
    await app.close();
  });
});
