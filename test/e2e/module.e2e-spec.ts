import { Inject, Injectable, Module } from '@nestjs/common';
import { jest } from '@jest/globals';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedBlobService,
  EncryptedContainerClient,
  EncryptedEntity,
  EncryptedQueueClient,
  EncryptedQueueService,
  EncryptedStorageModule,
  type EncryptedStorageModuleOptions,
  EncryptedTableClient,
  EncryptedTableService,
  getEncryptedBlobServiceToken,
  getEncryptedContainerToken,
  getEncryptedQueueToken,
  getEncryptedTableToken,
  InjectEncryptedContainer,
  InjectEncryptedQueue,
  InjectEncryptedTable,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { testKey } from '../support/blobs.js';
import { moduleWith, optionsOf, SILENT, started } from '../support/nest.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward!: string;
}

@Injectable()
class OptionsSource {
  createEncryptedStorageOptions(): EncryptedStorageModuleOptions {
    return optionsOf();
  }
}

@Module({ providers: [OptionsSource], exports: [OptionsSource] })
class OptionsSourceModule {}

const registrations = {
  forRoot: () => EncryptedStorageModule.forRoot(optionsOf()),
  'forRootAsync, useFactory': () =>
    EncryptedStorageModule.forRootAsync({
      imports: [OptionsSourceModule],
      inject: [OptionsSource],
      useFactory: async (source: OptionsSource) => Promise.resolve(source.createEncryptedStorageOptions()),
    }),
  'forRootAsync, useClass': () => EncryptedStorageModule.forRootAsync({ useClass: OptionsSource }),
  'forRootAsync, useExisting': () =>
    EncryptedStorageModule.forRootAsync({ imports: [OptionsSourceModule], useExisting: OptionsSource }),
};

describe.each(Object.entries(registrations))('a module registered by %s', (_form, register) => {
  it('injects services and clients that read what they wrote', async () => {
    const container = uniqueName('scans');
    const queue = uniqueName('referrals');
    const table = uniqueTableName('patients');
    const feature = EncryptedStorageModule.forFeature({
      containers: [{ name: container, createIfNotExists: true }],
      queues: [{ name: queue, createIfNotExists: true }],
      tables: [{ entity: Patient, table, createIfNotExists: true }],
    });
    @Injectable()
    class Ward {
      constructor(
        @InjectEncryptedContainer(container) readonly scans: EncryptedContainerClient,
        @InjectEncryptedQueue(queue) readonly referrals: EncryptedQueueClient,
        @InjectEncryptedTable(Patient) readonly patients: EncryptedTableClient<Patient>,
        @Inject(EncryptedBlobService) readonly blobs: EncryptedBlobService,
        @Inject(EncryptedQueueService) readonly queues: EncryptedQueueService,
        @Inject(EncryptedTableService) readonly tables: EncryptedTableService,
      ) {}
    }
    const app = await started(register(), moduleWith(Ward, feature));
    const ward = app.get(Ward, { strict: false });

    await ward.scans.getBlockBlobClient('one').uploadData(Buffer.from('scan'));
    await ward.referrals.sendMessage('see patient 7');
    await ward.patients.createEntity({ partitionKey: 'p', rowKey: 'r', name: 'secret', ward: '3' });

    const scan = await ward.blobs.getContainerClient(container).getBlockBlobClient('one').downloadToBuffer();
    const { receivedMessageItems } = await ward.queues.getQueueClient(queue).receiveMessages();
    const patient = await ward.tables.getTableClient(Patient, table).getEntity('p', 'r');
    expect(scan.toString()).toBe('scan');
    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['see patient 7']);
    expect(patient).toBeInstanceOf(Patient);
    expect(patient).toMatchObject({ name: 'secret', ward: '3' });
    const stored = await ward.patients.unencryptedClient.getEntity('p', 'r');
    expect(stored['name']).toBeInstanceOf(Uint8Array);
    await app.close();
  });
});

describe('features with their own policy', () => {
  it('stay separate even if they name the same container and look identical', async () => {
    const container = uniqueName('shared');
    const keys = { old: AesKeyEncryptionKey.generate('old'), young: AesKeyEncryptionKey.generate('young') };
    const featureOf = (protocol: '1.0' | '2.0', keyEncryptionKey: AesKeyEncryptionKey) =>
      EncryptedStorageModule.forFeature({
        encryption: { protocol, keyEncryptionKey },
        containers: [{ name: container, createIfNotExists: true }],
      });
    @Injectable()
    class Old {
      constructor(
        @InjectEncryptedContainer(container) readonly client: EncryptedContainerClient,
        @Inject(EncryptedBlobService) readonly service: EncryptedBlobService,
      ) {}
    }
    @Injectable()
    class Young {
      constructor(
        @InjectEncryptedContainer(container) readonly client: EncryptedContainerClient,
        @Inject(EncryptedBlobService) readonly service: EncryptedBlobService,
      ) {}
    }
    const app = await started(
      EncryptedStorageModule.forRoot(optionsOf()),
      moduleWith(Old, featureOf('1.0', keys.old)),
      moduleWith(Young, featureOf('2.0', keys.young)),
    );

    const written = new Map<string, unknown>();
    for (const [name, holder] of [
      ['old', app.get(Old, { strict: false })],
      ['young', app.get(Young, { strict: false })],
    ] as const) {
      for (const client of [holder.client, holder.service.getContainerClient(container)]) {
        await client.getBlockBlobClient(name).uploadData(Buffer.from(name));
        const { metadata } = await client.getBlockBlobClient(name).unencryptedClient.getProperties();
        const data = JSON.parse(metadata?.['encryptiondata'] ?? '{}') as Record<string, Record<string, string>>;
        written.set(`${name}-${written.size % 2}`, [
          data['EncryptionAgent']?.['Protocol'],
          data['WrappedContentKey']?.['KeyId'],
        ]);
      }
    }

    expect(Object.fromEntries(written)).toEqual({
      'old-0': ['1.0', 'old'],
      'old-1': ['1.0', 'old'],
      'young-0': ['2.0', 'young'],
      'young-1': ['2.0', 'young'],
    });
    await app.close();
  });

  it('distinguish two entity classes with the same name', async () => {
    const first = (() => {
      @EncryptedEntity({ table: 'records' })
      class Record {
        partitionKey!: string;
        rowKey!: string;
        @Encrypt() secret!: string;
      }
      return Record;
    })();
    const second = (() => {
      @EncryptedEntity<Record>({ table: 'records', clear: ['secret'] })
      class Record {
        partitionKey!: string;
        rowKey!: string;
        secret!: string;
        @Encrypt() other!: string;
      }
      return Record;
    })();
    const app = await started(
      EncryptedStorageModule.forRoot(optionsOf()),
      EncryptedStorageModule.forFeature([first]),
      EncryptedStorageModule.forFeature([second]),
    );

    const sealedBy = (entity: typeof first | typeof second): readonly string[] =>
      app.get<EncryptedTableClient<object>>(getEncryptedTableToken(entity), { strict: false }).encryptedProperties;

    expect(sealedBy(first)).toEqual(['secret']);
    expect(sealedBy(second)).toEqual(['other']);
    await app.close();
  });
});

describe('table.onDecryptionFailed', () => {
  it('receives unreadable rows of every listing, unless the call has its own handler', async () => {
    const reported: string[] = [];
    const onDecryptionFailed = ({ rowKey }: { rowKey: string }): void => void reported.push(`module ${rowKey}`);
    const app = await started(EncryptedStorageModule.forRoot({ ...optionsOf(), table: { onDecryptionFailed } }));
    const patients = app.get(EncryptedTableService).getTableClient(Patient, uniqueTableName('handled'));
    await patients.createTable();
    await patients.unencryptedClient.createEntity({ partitionKey: 'p', rowKey: '1', name: 'plain' });

    const first = await patients.listEntities().byPage().next();
    await patients.listEntities({ onDecryptionFailed: ({ rowKey }) => void reported.push(`call ${rowKey}`) }).next();
    await app.close();

    expect(first.value).toHaveLength(0);
    expect(reported).toEqual(['module 1', 'call 1']);
  });
});

describe('accounts by name', () => {
  it('have their own services', async () => {
    const app = await started(
      EncryptedStorageModule.forRoot(optionsOf()),
      EncryptedStorageModule.forRoot({ ...optionsOf(), name: 'eu' }),
      EncryptedStorageModule.forFeature({ containers: ['scans'] }, 'eu'),
    );

    expect(app.get(getEncryptedBlobServiceToken('eu'))).not.toBe(app.get(getEncryptedBlobServiceToken()));
    expect(app.get(getEncryptedContainerToken('scans', 'eu'), { strict: false })).toBeInstanceOf(
      EncryptedContainerClient,
    );
    await app.close();
  });

  it('are rejected if a name is used twice', async () => {
    const twice = started(EncryptedStorageModule.forRoot(optionsOf()), EncryptedStorageModule.forRoot(optionsOf()));

    await expect(twice).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('twice') as string,
    });
  });
});

describe('start-up', () => {
  it('reports every fault of the options at once', async () => {
    const options = { connection: {}, encryption: { keyEncryptionKey: { keyId: 7 }, regionLength: 3 } };

    const failing = started(EncryptedStorageModule.forRoot(options as never));

    await expect(failing).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    const { faults } = (await failing.catch((error: unknown) => error)) as { faults: string[] };
    expect(faults).toHaveLength(7);
    expect(faults.join()).toMatch(/connection.*protocol.*regionLength.*keyId.*wrapKey.*unwrapKey/s);
  });

  it('has no default protocol', async () => {
    const encryption = { keyEncryptionKey: testKey } as never;

    const failing = started(
      EncryptedStorageModule.forRoot({ connection: { connectionString: connectionString() }, encryption }),
    );

    await expect(failing).rejects.toThrow(/"encryption.protocol" has no default/);
  });

  it('rejects an entity class without a declaration, naming the likely cause', () => {
    class Undeclared {
      @Encrypt() name!: string;
    }

    expect(() => EncryptedStorageModule.forFeature([Undeclared])).toThrow(
      expect.objectContaining({
        code: 'INVALID_ENTITY',
        message: expect.stringContaining('PartialType') as string,
      }) as Error,
    );
  });

  it('rejects an entity class without a table name, because bundlers rename classes', () => {
    @EncryptedEntity()
    class Nameless {
      @Encrypt() name!: string;
    }

    expect(() => EncryptedStorageModule.forFeature([Nameless])).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        message: expect.stringContaining('"table"') as string,
      }) as Error,
    );
    expect(() => EncryptedStorageModule.forFeature({ tables: [{ entity: Nameless, table: 'a-b' }] })).toThrow(/"a-b"/);
  });

  it('rejects an entity class that would store everything in plaintext, naming the likely cause', async () => {
    @EncryptedEntity({ table: 'bare' })
    class Bare {
      partitionKey!: string;
    }

    const failing = started(EncryptedStorageModule.forRoot(optionsOf()), EncryptedStorageModule.forFeature([Bare]));

    await expect(failing).rejects.toThrow(/PartialType, OmitType/);
  });

  it('names the missing import', async () => {
    await expect(started(EncryptedStorageModule.forFeature({ queues: ['tasks'] }))).rejects.toThrow(/forRoot/);
  });

  it('is read-only without a key to write with', async () => {
    const app = await started(
      EncryptedStorageModule.forRoot({ ...optionsOf(), encryption: { protocol: '2.0', keyResolver: [testKey] } }),
    );
    const queue = app.get(EncryptedQueueService).getQueueClient(uniqueName('absent'));

    await expect(queue.sendMessage('x')).rejects.toMatchObject({ code: 'KEY_MISSING' });
    await app.close();
  });

  it('logs the policy, and warns about 1.0 without integrity entries', async () => {
    const lines: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const { Test } = await import('@nestjs/testing');
    const { ConsoleLogger } = await import('@nestjs/common');
    const module = await Test.createTestingModule({
      imports: [EncryptedStorageModule.forRoot(optionsOf({ protocol: '1.0', integrity: 'off' }))],
    })
      .setLogger(new ConsoleLogger())
      .compile();
    await module.init();
    await module.close();
    write.mockRestore();

    expect(lines.join('')).toMatch(/blob: protocol 1\.0 does not authenticate/);
    expect(lines.join('')).toMatch(/table: protocol 1\.0, key "test:key", encryption required/);
  });

  it('lets a test replace the client', async () => {
    const { Test } = await import('@nestjs/testing');
    const module = await Test.createTestingModule({
      imports: [EncryptedStorageModule.forRoot(optionsOf()), EncryptedStorageModule.forFeature({ queues: ['tasks'] })],
    })
      .overrideProvider(getEncryptedQueueToken('tasks'))
      .useValue('mine')
      .setLogger(SILENT)
      .compile();

    expect(module.get(getEncryptedQueueToken('tasks'), { strict: false })).toBe('mine');
  });
});
