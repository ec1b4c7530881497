import { inspect } from 'node:util';
import { Test } from '@nestjs/testing';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedBlobService,
  EncryptedEntity,
  EncryptedQueueService,
  EncryptedStorageModule,
  EncryptedTableService,
  HmacSearchKey,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { content, testKey } from '../support/blobs.js';
import { CapturingLogger, optionsOf } from '../support/nest.js';

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

@EncryptedEntity({ table: 'searched' })
class Searched {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: true }) name!: string;
  @Encrypt({ searchable: true }) street!: string;
  @Encrypt({ searchable: true }) city!: string;
  @Encrypt({ searchable: true }) born!: string;
}

/** An application whose log is recorded. */
async function listened(...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object) {
  const logger = new CapturingLogger();
  const module = await Test.createTestingModule({ imports }).setLogger(logger).compile();
  await module.init();
  const own = () => logger.lines.filter((line) => /protocol|plaintext/.test(line));
  return { module, logger, own };
}

const keyBase64 = Buffer.from('a key that must never be printed').toString('base64');
const key = AesKeyEncryptionKey.fromBase64('log:key', keyBase64);

describe('the start-up log', () => {
  it.each([
    ['clinic:2026', 0],
    ['clinic:schlüssel', 1],
    ['clinic:🔑', 1],
  ])('warns of a key id outside ASCII, only for blobs: %s', async (keyId, warnings) => {
    const { logger } = await listened(
      EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: AesKeyEncryptionKey.generate(keyId) })),
    );

    const lines = logger.lines.filter((line) => line.includes('outside ASCII'));
    expect(lines).toHaveLength(warnings);
    for (const line of lines) expect(line).toMatch(/^warn blob: /);
  });

  it('warns of a class with more than three searchable properties', async () => {
    const { logger } = await listened(
      EncryptedStorageModule.forRoot(
        optionsOf({ keyEncryptionKey: key, searchKeys: { write: HmacSearchKey.generate() } }),
      ),
      EncryptedStorageModule.forFeature({ tables: [Searched, Patient] }),
    );

    const lines = logger.lines.filter((line) => line.includes('searchable'));
    expect(lines).toEqual([expect.stringMatching(/^warn .*Searched has 4 searchable properties/)]);
  });

  it('states the effective policy once for each account, service, and feature with its own policy', async () => {
    const options = { ...optionsOf({ keyEncryptionKey: key }), queue: { encryption: { protocol: '1.0' as const } } };
    const { own, logger } = await listened(
      EncryptedStorageModule.forRoot(options),
      EncryptedStorageModule.forRoot({
        ...optionsOf({ keyEncryptionKey: () => key, requireEncryption: false }),
        name: 'eu',
      }),
      EncryptedStorageModule.forFeature({ containers: ['scans'] }),
      EncryptedStorageModule.forFeature({ encryption: { protocol: '2.1' }, containers: ['letters'] }),
    );

    expect(own().filter((line) => line.startsWith('log'))).toEqual([
      'log blob: protocol 2.0, key "log:key", encryption required, integrity "verify"',
      'log queue: protocol 1.0, key "log:key", encryption required, integrity "verify"',
      'log table: protocol 1.0, key "log:key", encryption required, integrity "verify"',
      'log account "eu", blob: protocol 2.0, a key chosen for each write, encryption not required, integrity "verify"',
      'log account "eu", queue: protocol 2.0, a key chosen for each write, encryption not required, integrity "verify"',
      'log account "eu", table: protocol 1.0, a key chosen for each write, encryption not required, integrity "verify"',
      'log feature of container "letters": blob: protocol 2.1, key "log:key", encryption required, integrity "verify"',
      'log feature of container "letters": queue: protocol 2.0, key "log:key", encryption required, integrity "verify"',
      'log feature of container "letters": table: protocol 1.0, key "log:key", encryption required, integrity "verify"',
    ]);
    expect(own().filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn account "eu", blob: plaintext in storage is passed through/),
      expect.stringMatching(/^warn account "eu", queue: plaintext/),
      expect.stringMatching(/^warn account "eu", table: plaintext/),
    ]);
    expect(logger.lines.join('\n')).not.toContain(keyBase64);
    expect(logger.lines.join('\n')).not.toContain('AccountKey');
  });

  it('names the integrity mode, and warns of 1.0 only if it is off', async () => {
    const { own } = await listened(
      EncryptedStorageModule.forRoot({
        ...optionsOf({ keyEncryptionKey: key, protocol: '1.0' }),
        blob: { encryption: { integrity: 'require' } },
        queue: { encryption: { integrity: 'off' } },
      }),
    );

    expect(own()).toEqual([
      'log blob: protocol 1.0, key "log:key", encryption required, integrity "require"',
      'log queue: protocol 1.0, key "log:key", encryption required, integrity "off"',
      expect.stringMatching(/^warn queue: protocol 1.0 does not authenticate content, and integrity is "off"/),
      'log table: protocol 1.0, key "log:key", encryption required, integrity "verify"',
    ]);
  });

  it('warns of rows written without integrity entries, which always use 1.0', async () => {
    const { own } = await listened(
      EncryptedStorageModule.forRoot({
        ...optionsOf({ keyEncryptionKey: key, protocol: '2.0' }),
        table: { encryption: { integrity: 'off' } },
      }),
    );

    expect(own().filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn table: protocol 1.0 does not authenticate content, and integrity is "off"/),
    ]);
  });

  it('describes a module without a key to write with as read-only', async () => {
    const { own } = await listened(
      EncryptedStorageModule.forRoot({ ...optionsOf(), encryption: { protocol: '2.0', keyResolver: [testKey] } }),
    );

    expect(own()[0]).toBe('log blob: protocol 2.0, read-only, encryption required, integrity "verify"');
  });
});

describe('the log of a failed read', () => {
  it('warns with code and key id, and does not reveal the content, its name or its keys', async () => {
    const { module, logger } = await listened(EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key })));
    const container = module.get(EncryptedBlobService).getContainerClient(uniqueName('logged'));
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient('name-of-a-patient');
    await blob.uploadData(content(100));
    const { metadata } = await blob.unencryptedClient.getProperties();
    const sealed = await blob.unencryptedClient.downloadToBuffer();
    sealed.writeUInt8(sealed.readUInt8(50) ^ 1, 50);
    await blob.unencryptedClient.uploadData(sealed, { metadata: metadata! });

    await expect(blob.downloadToBuffer()).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });

    expect(logger.lines.at(-1)).toBe(
      `warn blob content from "${container.containerName}" could not be read: DECRYPTION_FAILED, protocol "2.0", key "log:key"`,
    );
    expect(logger.lines.join('\n')).not.toContain('name-of-a-patient');
  });

  it('warns of a message and of a row under an unknown key', async () => {
    const writer = await listened(EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key })));
    const reader = await listened(EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: testKey })));
    const [queueName, tableName] = [uniqueName('logged'), uniqueTableName('logged')];
    const queue = writer.module.get(EncryptedQueueService).getQueueClient(queueName);
    const table = writer.module.get(EncryptedTableService).getTableClient(Patient, tableName);
    await queue.create();
    await table.createTable();
    await queue.sendMessage('text of the message');
    await table.createEntity({ partitionKey: 'the-partition', rowKey: 'the-row', name: 'the-name' });

    const peeking = reader.module.get(EncryptedQueueService).getQueueClient(queueName).peekMessages();
    await expect(peeking).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
    const tables = reader.module.get(EncryptedTableService).getTableClient(Patient, tableName);
    await expect(tables.getEntity('the-partition', 'the-row')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });

    expect(reader.logger.lines.slice(-2)).toEqual([
      `warn queue content from "${queueName}" could not be read: KEY_NOT_FOUND, protocol "2.0", key "log:key"`,
      `warn table content from "${tableName}" could not be read: KEY_NOT_FOUND, protocol "1.0", key "log:key"`,
    ]);
    expect(reader.logger.lines.join('\n')).not.toMatch(/the-partition|the-row|the-name|text of the message/);
  });

  it('does not mention successful reads', async () => {
    const { module, logger } = await listened(EncryptedStorageModule.forRoot(optionsOf()));
    const container = module.get(EncryptedBlobService).getContainerClient(uniqueName('logged'));
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient('fine');
    await blob.uploadData(content(100));

    expect(await blob.downloadToBuffer()).toEqual(content(100));

    expect(logger.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});

describe('the output of console.log', () => {
  const accountKey = /AccountKey=([^;]+)/.exec(connectionString())?.[1] ?? '';
  /** As text and as bytes of a buffer. */
  const secrets = [accountKey, inspect(Buffer.from(accountKey, 'base64')).slice('<Buffer '.length, 60)];
  const shownOf = (value: unknown): string => {
    const shown = inspect(value);
    for (const secret of secrets) expect(shown).not.toContain(secret);
    return shown;
  };

  it('for a client is its name, without the account key that the SDK would print', async () => {
    const { module } = await listened(EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key })));
    const container = module.get(EncryptedBlobService).getContainerClient('letters');

    expect(shownOf(container)).toBe("EncryptedContainerClient { containerName: 'letters' }");
    expect(shownOf(container.getBlockBlobClient('one'))).toMatch(/^EncryptedBlockBlobClient \{ name: 'one', /);
    expect(shownOf(container.getPageBlobClient('two'))).toMatch(/^EncryptedPageBlobClient \{ name: 'two', /);
    expect(shownOf(module.get(EncryptedQueueService).getQueueClient('tasks'))).toMatch(/^EncryptedQueueClient \{ name/);
    expect(shownOf(module.get(EncryptedTableService).getTableClient(Patient))).toMatch(/^EncryptedTableClient \{ tab/);
    await module.close();
  });

  it('for an unreadable row or message excludes the account key of its client', async () => {
    const { module } = await listened(EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key })));
    const table = module.get(EncryptedTableService).getTableClient(Patient, uniqueTableName('shown'));
    const queue = module.get(EncryptedQueueService).getQueueClient(uniqueName('shown'));
    await table.createTable();
    await table.unencryptedClient.createEntity({ partitionKey: 'p', rowKey: 'r', name: 'plain' });
    await queue.create();
    await queue.unencryptedClient.sendMessage('plain');
    const failures: { readonly table?: object; readonly queue?: object }[] = [];
    const onDecryptionFailed = (failure: object): void => void failures.push(failure);

    for await (const row of table.listEntities({ onDecryptionFailed })) expect(row).toBeUndefined();
    await queue.receiveMessages({ onDecryptionFailed });

    for (const failure of failures) expect(shownOf(failure)).toContain('PlaintextNotAllowedError');
    expect(failures[0]?.table).toBe(table.unencryptedClient);
    expect(failures[1]?.queue).toBe(queue.unencryptedClient);
    await module.close();
  });
});
