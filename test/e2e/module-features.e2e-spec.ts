import { Inject, Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedBlobService,
  EncryptedContainerClient,
  EncryptedEntity,
  EncryptedStorageModule,
  EncryptedTableClient,
  getEncryptedContainerToken,
  getEncryptedTableToken,
  InjectEncryptedContainer,
  InjectEncryptedTable,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { moduleWith, optionsOf, SILENT, started } from '../support/nest.js';

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

describe('isGlobal: false', () => {
  @Injectable()
  class Outsider {
    constructor(@Optional() @Inject(EncryptedBlobService) readonly blobs?: EncryptedBlobService) {}
  }

  it('hides services from modules without forRoot, and clients from modules without the feature', async () => {
    const app = await started(
      EncryptedStorageModule.forRoot({ ...optionsOf(), isGlobal: false }),
      EncryptedStorageModule.forFeature({ containers: ['scans'] }),
      moduleWith(Outsider),
    );

    expect(app.get(Outsider, { strict: false }).blobs).toBeUndefined();
    expect(app.get(getEncryptedContainerToken('scans'), { strict: false })).toBeInstanceOf(EncryptedContainerClient);
    await app.close();
  });

  it('is not the default', async () => {
    const app = await started(EncryptedStorageModule.forRoot(optionsOf()), moduleWith(Outsider));

    expect(app.get(Outsider, { strict: false }).blobs).toBeInstanceOf(EncryptedBlobService);
    await app.close();
  });
});

describe('the order of start-up', () => {
  it('creates the requested resources before the modules that use them start', async () => {
    const container = uniqueName('early');
    @Injectable()
    class Seeder implements OnModuleInit {
      constructor(@InjectEncryptedContainer(container) private readonly scans: EncryptedContainerClient) {}
      async onModuleInit(): Promise<void> {
        await this.scans.getBlockBlobClient('seed').uploadData(Buffer.from('seed'));
      }
    }
    const feature = EncryptedStorageModule.forFeature({ containers: [{ name: container, createIfNotExists: true }] });

    const app = await started(EncryptedStorageModule.forRoot(optionsOf()), moduleWith(Seeder, feature));

    const scans = app.get<EncryptedContainerClient>(getEncryptedContainerToken(container), { strict: false });
    expect((await scans.getBlockBlobClient('seed').downloadToBuffer()).toString()).toBe('seed');
    await app.close();
  });
});

describe('a table token', () => {
  it('lets a test replace the client', async () => {
    @Injectable()
    class Ward {
      constructor(@InjectEncryptedTable(Patient) readonly patients: EncryptedTableClient<Patient>) {}
    }
    const root = EncryptedStorageModule.forRoot(optionsOf());
    const module = await Test.createTestingModule({
      imports: [root, moduleWith(Ward, EncryptedStorageModule.forFeature([Patient]))],
    })
      .overrideProvider(getEncryptedTableToken(Patient))
      .useValue('mine')
      .setLogger(SILENT)
      .compile();

    expect(module.get(Ward, { strict: false }).patients).toBe('mine');
  });
});

describe('a feature with a policy', () => {
  const lines: string[] = [];
  const logger = {
    ...SILENT,
    log: (line: string) => lines.push(line),
    warn: (line: string) => lines.push(`! ${line}`),
  };
  beforeEach(() => lines.splice(0));

  it('is logged at start-up like the root, with warnings and only the ids of its keys', async () => {
    const key = AesKeyEncryptionKey.generate('old');
    const module = await Test.createTestingModule({
      imports: [
        EncryptedStorageModule.forRoot({ ...optionsOf(), name: 'eu' }),
        EncryptedStorageModule.forFeature(
          {
            encryption: { protocol: '1.0', integrity: 'off', requireEncryption: false, keyEncryptionKey: key },
            containers: ['scans'],
          },
          'eu',
        ),
      ],
    })
      .setLogger(logger)
      .compile();
    await module.init();
    await module.close();

    const text = lines.join('\n');
    expect(text).toContain('account "eu", blob: protocol 2.0, key "test:key", encryption required');
    expect(text).toContain('feature of container "scans": blob: protocol 1.0, key "old", encryption not required');
    expect(text).toMatch(/! feature of container "scans": blob: protocol 1\.0 does not authenticate/);
    expect(text).toMatch(/! feature of container "scans": table: plaintext in storage is passed through/);
    expect(text).not.toMatch(/! account/);
  });

  it('rejects a region length added to an inherited protocol without configurable regions', async () => {
    const failing = started(
      EncryptedStorageModule.forRoot(optionsOf()),
      EncryptedStorageModule.forFeature({ encryption: { regionLength: 1024 }, containers: ['scans'] }),
    );

    await expect(failing).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('connections', () => {
  const part = (name: string): string => new RegExp(`${name}=([^;]+)`).exec(connectionString())?.[1] ?? '';
  const credential = { accountName: part('AccountName'), accountKey: part('AccountKey') };

  it('by endpoints reach the account and may omit unused services', async () => {
    const container = uniqueName('ends');
    const connection = { blobEndpoint: part('BlobEndpoint'), credential };
    const app = await started(EncryptedStorageModule.forRoot({ ...optionsOf(), connection }));

    const client = app.get(EncryptedBlobService).getContainerClient(container);
    await client.createIfNotExists();
    await client.getBlockBlobClient('a').uploadData(Buffer.from('a'));
    expect((await client.getBlockBlobClient('a').downloadToBuffer()).toString()).toBe('a');
    await app.close();
  });

  it('by complete clients reach the account', async () => {
    const given = await started(EncryptedStorageModule.forRoot(optionsOf()));
    const blobServiceClient = given.get(EncryptedBlobService).unencryptedServiceClient;
    const app = await started(EncryptedStorageModule.forRoot({ ...optionsOf(), connection: { blobServiceClient } }));

    expect(app.get(EncryptedBlobService).unencryptedServiceClient).toBe(blobServiceClient);
    await Promise.all([app.close(), given.close()]);
  });

  it.each([
    ['endpoints', { blobEndpoint: 'https://x.example' }],
    ['a string', { connectionString: 'BlobEndpoint=https://x.example;SharedAccessSignature=sv=1' }],
  ])('by %s that lack a service prevent the start of its users', async (_form, connection) => {
    const failing = started(
      EncryptedStorageModule.forRoot({ ...optionsOf(), connection }),
      EncryptedStorageModule.forFeature([Patient]),
    );

    await expect(failing).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/tableEndpoint/i) as string,
    });
  });
});
