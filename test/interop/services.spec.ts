/** Stores what .NET wrote, unchanged, and reads it through the services at every boundary, and rows of all SDKs too. */
import { TableClient, type TableEntity } from '@azure/data-tables';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  Encrypt,
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptedContainerClient,
  EncryptedEntity,
  type EncryptedPageBlobClient,
  type EncryptedQueueClient,
  EncryptedQueueService,
  type EntityClass,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, isReservedProperty, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { bytesFrom } from '../support/blobs.js';
import { tableOf } from '../support/tables.js';
import {
  type BlobCase,
  casesOf,
  plaintextOf,
  readingPolicy,
  sha256Hex,
  storedBytes,
  type TableCase,
} from '../support/vectors.js';

const isDotnet = ({ peer }: { readonly peer?: { readonly package: string } }) =>
  /Azure\.|Windows/.test(peer?.package ?? '');
const named = <T extends { readonly id: string }>(cases: readonly T[]) =>
  cases.map((vector) => [vector.id, vector] as const);

describe('blobs of .NET', () => {
  const cases = casesOf('blob').filter((vector) => isDotnet(vector) && vector.check === 'decrypt');
  let container: ContainerClient;
  let encrypted: (vector: (typeof cases)[number]) => EncryptedContainerClient;

  beforeAll(async () => {
    const service = BlobServiceClient.fromConnectionString(connectionString());
    container = service.getContainerClient(uniqueName('dotnet'));
    await container.create();
    encrypted = ({ key }) =>
      new EncryptedBlobService(() => service, readingPolicy(key)).getContainerClient(container.containerName);
  });

  it('are all present', () => {
    expect(cases.length).toBeGreaterThan(130);
  });

  const blobOf = (vector: (typeof cases)[number]) => {
    const ours = encrypted(vector);
    return vector.blobType === 'page' ? ours.getPageBlobClient(vector.id) : ours.getBlockBlobClient(vector.id);
  };

  it.each(named(cases))('%s is read completely, and at its end', async (_id, vector) => {
    await store(container, vector);
    const blob = blobOf(vector);
    const plaintext = plaintextOf(vector);

    expect(sha256Hex(await blob.downloadToBuffer())).toBe(vector.plaintext.sha256);
    expect(sha256Hex(await bytesFrom((await blob.download()).readableStreamBody))).toBe(vector.plaintext.sha256);
    const last = Math.max(0, plaintext.length - 17);
    expect((await rangeOf(blob, last, 17)).equals(plaintext.subarray(last))).toBe(true);
  });

  // blob-vectors.spec.ts opens every range of every case without the service
  it.each(named(oneOfEachShape(cases)))('%s is read at every boundary', async (_id, vector) => {
    const blob = blobOf(vector);
    const plaintext = plaintextOf(vector);

    for (const [offset, count] of boundariesOf(plaintext.length)) {
      const expected = plaintext.subarray(offset, offset + count);
      expect([offset, count, (await rangeOf(blob, offset, count)).equals(expected)]).toEqual([offset, count, true]);
    }
  });
});

/** What a range requests depends on the protocol, the kind of blob and the lengths, not on the writer. */
function oneOfEachShape<V extends BlobCase>(cases: readonly V[]): readonly V[] {
  const shapes = cases.map((vector) => {
    const { protocol, blobType, plaintext, stored } = vector;
    return [[protocol, blobType, plaintext.length, stored.length].join(' '), vector] as const;
  });
  return [...new Map(shapes).values()];
}

async function store(container: ContainerClient, vector: BlobCase): Promise<void> {
  const bytes = storedBytes(vector) as Buffer;
  const { metadata } = vector.stored;
  if (vector.blobType === 'block') {
    await container.getBlockBlobClient(vector.id).upload(bytes, bytes.length, { metadata });
  } else if (vector.blobType === 'page') {
    const pages = container.getPageBlobClient(vector.id);
    await pages.create(bytes.length, { metadata });
    if (bytes.length > 0) await pages.uploadPages(bytes, 0, bytes.length);
  } else {
    const append = container.getAppendBlobClient(vector.id);
    await append.create({ metadata });
    await append.appendBlock(bytes, bytes.length);
  }
}

/** Ranges that begin or end at a block, a region and the end. */
function boundariesOf(length: number): readonly (readonly [offset: number, count: number])[] {
  const offsets = [0, 1, 15, 16, length - 17, length - 16, length - 1].filter((at) => at >= 0 && at < length);
  // each range of long content transfers a region of 4 MiB
  const counts = length > 1_000_000 ? [17] : [1, 16, 17, length];
  return [...new Set(offsets)].flatMap((offset) => counts.map((count) => [offset, count] as const));
}

async function rangeOf(
  blob: EncryptedBlockBlobClient | EncryptedPageBlobClient,
  offset: number,
  count: number,
): Promise<Buffer> {
  return bytesFrom((await blob.download(offset, count)).readableStreamBody);
}

describe('messages of .NET', () => {
  const cases = casesOf('queue').filter(isDotnet);
  const service = () => QueueServiceClient.fromConnectionString(connectionString());
  let name: string;

  beforeAll(async () => {
    name = uniqueName('dotnet');
    await service().createQueue(name);
  });

  it('are all present', () => {
    expect(cases.length).toBeGreaterThan(130);
  });

  it.each(named(cases))('%s is decrypted, peeked and received', async (_id, { stored, decrypted, key }) => {
    const queue: EncryptedQueueClient = new EncryptedQueueService(service, readingPolicy(key)).getQueueClient(name);
    await queue.clearMessages();
    await queue.unencryptedClient.sendMessage(stored.messageText);

    const opened = await queue.decryptMessage(stored.messageText);
    const { peekedMessageItems } = await queue.peekMessages();
    const { receivedMessageItems } = await queue.receiveMessages();
    for (const { messageId, popReceipt } of receivedMessageItems) await queue.deleteMessage(messageId, popReceipt);

    const received = [...peekedMessageItems, ...receivedMessageItems].map(({ messageBytes }) => messageBytes);
    const readings = [opened, ...received].map(sha256Hex);
    const expected = decrypted.sha256 ?? sha256Hex(Buffer.from(decrypted.utf8 ?? ''));
    expect(readings).toEqual([expected, expected, expected]);
  });
});

describe('rows of .NET, Python and Java', () => {
  const cases = casesOf('table');
  const tableName = uniqueTableName('rows');
  let table: TableClient;

  beforeAll(async () => {
    table = TableClient.fromConnectionString(connectionString(), tableName, { allowInsecureConnection: true });
    await table.createTable();
  });

  it('are all present, including those without a sealed property', () => {
    expect(cases.length).toBeGreaterThan(30);
    expect(cases.filter(isDotnet)).toHaveLength(29);
    expect(cases.some(({ encryptedProperties }) => encryptedProperties.length === 0)).toBe(true);
  });

  it.each(named(cases))('%s is read alone, in a listing and in projections', async (_id, vector) => {
    await table.upsertEntity(storedRow(vector), 'Replace');
    const { PartitionKey: partitionKey, RowKey: rowKey, properties } = vector.entity;
    const sealed = Object.fromEntries(vector.encryptedProperties.map((name) => [name, properties[name]?.value]));
    const plain = contentOf(await table.getEntity(partitionKey, rowKey));
    const expected: Record<string, unknown> = { ...plain, ...sealed };
    for (const name of Object.keys(plain).filter(isReservedProperty)) Reflect.deleteProperty(expected, name);
    const rows = tableOf(entityClassOf(vector), tableName, readingPolicy(vector.key));
    const where = rows.where('partitionKey', 'eq', partitionKey).and('rowKey', 'eq', rowKey);

    const listed = [];
    for await (const row of rows.listEntities({ where })) listed.push(contentOf(row));

    expect(contentOf(await rows.getEntity(partitionKey, rowKey))).toEqual(expected);
    expect(listed).toEqual([expected]);
    for (const select of [Object.keys(properties), ...Object.keys(properties).map((name) => [name])]) {
      const row = await rows.getEntity(partitionKey, rowKey, { queryOptions: { select } });
      expect(contentOf(row)).toEqual(Object.fromEntries(select.map((name) => [name, expected[name]])));
    }
  });
});

/** The case as the service stored it, every property with its type. */
function storedRow({ entity, encryptedProperties, stored: { fullmetadata: row } }: TableCase): TableEntity {
  const typeOf = (name: string): string | undefined => {
    if (name === SEALED_NAMES_PROPERTY || encryptedProperties.includes(name)) return 'Binary';
    return name === ENCRYPTION_DATA_PROPERTY ? 'String' : entity.properties[name]?.type.replace('Edm.', '');
  };
  const properties = Object.entries(row).flatMap(([name, value]) => {
    const type = typeOf(name);
    return type === undefined ? [] : [[name, { type, value }] as const];
  });
  return { partitionKey: entity.PartitionKey, rowKey: entity.RowKey, ...Object.fromEntries(properties) };
}

/** What an application would declare. It seals what the case seals, and a property that no row has. */
function entityClassOf({ encryptedProperties }: TableCase): EntityClass {
  class Stored {
    partitionKey!: string;
    rowKey!: string;
  }
  const prototype: object = Stored.prototype;
  for (const name of [...encryptedProperties, 'Absent']) Encrypt({ type: 'string' })(prototype, name as never);
  EncryptedEntity<Stored>({ clear: '*' })(Stored);
  return Stored;
}

/** Without the ETag and the OData members that only some responses have. */
const contentOf = (row: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'etag' && !name.startsWith('odata.')));
