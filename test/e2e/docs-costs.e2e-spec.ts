/** The tables of docs/costs.md: the requests and key calls of each operation. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  Encrypt,
  EncryptedBlobService,
  EncryptedEntity,
  EncryptedMulterStorage,
  EncryptedQueueService,
  EncryptedTableService,
  type EncryptionPolicy,
  sendEncryptedBlob,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { uniqueName, uniqueTableName } from '../support/azurite.js';
import { bytesFrom, content } from '../support/blobs.js';
import { PROJECT_ROOT } from '../support/source-tree.js';
import { SlowKey } from '../support/slow-key.js';

const MIB = 1024 * 1024;

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string;
  ward?: string;
}

interface Cost {
  readonly requests: number;
  readonly wraps: number;
  readonly unwraps: number;
}
type Row = readonly [call: string, work: () => Promise<unknown>];

const keys = [new SlowKey('costs:key'), new SlowKey('costs:new')] as const;
/** Each call has its own policy, so that no call profits from the cache of another. */
const policy = (protocol: '1.0' | '2.0', keyEncryptionKey: SlowKey = keys[0]): EncryptionPolicy => ({
  protocol,
  readProtocols: ['1.0', '2.0', '2.1'],
  keyEncryptionKey,
  keyResolver: (keyId) => keys.find((key) => key.keyId === keyId) ?? null,
  requireEncryption: true,
});

let proxy: AnswersProxy;

async function costsOf(rows: readonly Row[]): Promise<Readonly<Record<string, Cost>>> {
  const costs: Record<string, Cost> = {};
  for (const [call, work] of rows) {
    const before = soFar();
    await work();
    const after = soFar();
    costs[call] = {
      requests: after.requests - before.requests,
      wraps: after.wraps - before.wraps,
      unwraps: after.unwraps - before.unwraps,
    };
  }
  return costs;
}

const soFar = (): Cost => ({
  requests: proxy.requests.length,
  wraps: keys[0].wraps + keys[1].wraps,
  unwraps: keys[0].unwraps + keys[1].unwraps,
});

/** The table below a heading of docs/costs.md. */
function documented(heading: string): Readonly<Record<string, Cost>> {
  const text = readFileSync(join(PROJECT_ROOT, 'docs', 'costs.md'), 'utf8');
  const section = text.split(/^## /m).find((found) => found.startsWith(`${heading}\n`)) ?? '';
  const lines = [...section.matchAll(/^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \|$/gm)];
  return Object.fromEntries(
    lines.map(([, call = '', requests, wraps, unwraps]) => [
      call,
      { requests: Number(requests), wraps: Number(wraps), unwraps: Number(unwraps) },
    ]),
  );
}

afterEach(() => proxy.close());

it('are those of blobs', async () => {
  proxy = await AnswersProxy.start('Blob');
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString);
  const name = uniqueName('costs');
  await service.getContainerClient(name).create();
  const container = (protocol: '1.0' | '2.0') =>
    new EncryptedBlobService(() => service, policy(protocol)).getContainerClient(name);
  const block = (protocol: '1.0' | '2.0' = '2.0', blob: string = protocol) =>
    container(protocol).getBlockBlobClient(blob);
  const pages = () => container('1.0').getPageBlobClient('pages');
  const read = async (answer: Promise<{ readableStreamBody?: NodeJS.ReadableStream }>) =>
    bytesFrom((await answer).readableStreamBody);

  const costs = await costsOf([
    ['`uploadData`, one block', () => block().uploadData(content(3 * MIB))],
    ['`uploadData`, 1.0, one block', () => block('1.0').uploadData(content(3 * MIB))],
    ['`uploadData`, 12 MiB in blocks of 4 MiB', () => block('2.0', 'b').uploadData(content(12 * MIB))],
    [
      '`uploadStream`, 12 MiB in blocks of 4 MiB',
      () => block('2.0', 's').uploadStream(Readable.from(content(12 * MIB)), 4 * MIB),
    ],
    ['page blob `uploadData`, new', () => pages().uploadData(content(3 * MIB))],
    ['page blob `uploadData`, over an old one', () => pages().uploadData(content(3 * MIB))],
    ['`download`, whole', () => read(block().download())],
    ['`download`, 1.0, whole', () => read(block('1.0').download())],
    ['`download`, a range', () => read(block().download(100, 100))],
    ['`download`, 1.0, a range', () => read(block('1.0').download(100, 100))],
    ['`download`, 1.0, from an offset to the end', () => read(block('1.0').download(100))],
    [
      '`downloadToBuffer`, 12 MiB in parts of 4 MiB',
      () => block('2.0', 'b').downloadToBuffer(0, undefined, { blockSize: 4 * MIB }),
    ],
    ['`getProperties`', () => block().getProperties()],
    ['`exists`', () => block().exists()],
    ['`setMetadata`', () => block().setMetadata({ ward: 'north' })],
    ['`createSnapshot`', () => block().createSnapshot()],
    ['`rewrapKey`, under this key already', () => block().rewrapKey()],
    [
      '`rewrapKey`, to another key',
      () =>
        new EncryptedBlobService(() => service, policy('2.0', keys[1]))
          .getContainerClient(name)
          .getBlockBlobClient('1.0')
          .rewrapKey(),
    ],
    ['`delete`', () => block('2.0', 'b').delete()],
  ]);

  expect(costs).toEqual(documented('Blobs'));
});

it('are those of files over HTTP', async () => {
  proxy = await AnswersProxy.start('Blob');
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString);
  const name = uniqueName('costs');
  await service.getContainerClient(name).create();
  const container = () => new EncryptedBlobService(() => service, policy('2.0')).getContainerClient(name);
  const receive = async (length: number) => {
    const request = new IncomingMessage(new Socket());
    request.push(null);
    request.resume();
    const file = { fieldname: 'scan', originalname: 'scan.png', mimetype: 'image/png' };
    const storage = new EncryptedMulterStorage(container(), { blobName: () => String(length) });
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      };
      storage._handleFile(request, { ...file, stream: Readable.from(content(length)) }, settle);
    });
  };
  const blob = () => container().getBlockBlobClient(String(12 * MIB));
  const { etag = '' } = await (async () => {
    await receive(12 * MIB);
    return blob().getProperties();
  })();
  const send = async (headers: Record<string, string> = {}, method = 'GET') => {
    const response = Object.assign(new EventEmitter(), { status: () => undefined, header: () => undefined });
    const body = await sendEncryptedBlob(blob(), { request: { method, headers }, response });
    if (body !== undefined) await bytesFrom(body.getStream());
  };

  const costs = await costsOf([
    ['`EncryptedFileInterceptor`, one block', () => receive(3 * MIB)],
    ['`EncryptedFileInterceptor`, 12 MiB in blocks of 4 MiB', () => receive(12 * MIB - 1)],
    ['`sendEncryptedBlob`, whole', () => send()],
    ['`sendEncryptedBlob`, a range', () => send({ range: 'bytes=100-199' })],
    ['`sendEncryptedBlob`, not modified (304)', () => send({ 'if-none-match': etag })],
    ['`sendEncryptedBlob`, `HEAD`', () => send({}, 'HEAD')],
  ]);

  expect(costs).toEqual(documented('Files over HTTP'));
});

it('are those of messages', async () => {
  proxy = await AnswersProxy.start('Queue');
  const service = QueueServiceClient.fromConnectionString(proxy.connectionString);
  const name = uniqueName('costs');
  await service.createQueue(name);
  const queue = () => new EncryptedQueueService(() => service, policy('2.0')).getQueueClient(name);
  let held = { messageId: '', popReceipt: '' };

  const costs = await costsOf([
    ['`sendMessage`', () => queue().sendMessage('a')],
    ['`peekMessages`, one message', () => queue().peekMessages()],
    [
      '`receiveMessages`, one message',
      async () => {
        [held = held] = (await queue().receiveMessages()).receivedMessageItems;
      },
    ],
    [
      '`updateMessage`, with a text',
      async () => {
        const { popReceipt = '' } = await queue().updateMessage(held.messageId, held.popReceipt, 'b');
        held = { ...held, popReceipt };
      },
    ],
    ['`deleteMessage`', () => queue().deleteMessage(held.messageId, held.popReceipt)],
  ]);

  expect(costs).toEqual(documented('Messages'));
});

it('are those of rows', async () => {
  proxy = await AnswersProxy.start('Table');
  const name = uniqueTableName('costs');
  const connect = (table: string) =>
    TableClient.fromConnectionString(proxy.connectionString, table, { allowInsecureConnection: true });
  await connect(name).createTable();
  const table = () => new EncryptedTableService(connect, policy('2.0')).getTableClient(Patient, name);
  const row = (rowKey: string, more: Partial<Patient> = {}) => ({ partitionKey: 'p', rowKey, ...more });
  const list = async () => {
    const found = [];
    for await (const each of table().listEntities()) found.push(each);
    expect(found).toHaveLength(2);
  };

  const costs = await costsOf([
    ['`createEntity`', () => table().createEntity(row('1', { name: 'a', ward: 'north' }))],
    ['`upsertEntity`, `Replace`', () => table().upsertEntity(row('2', { name: 'a' }), 'Replace')],
    [
      '`updateEntity`, `Merge`, clear properties alone',
      () => table().updateEntity(row('1', { ward: 'south' }), 'Merge'),
    ],
    ['`updateEntity`, `Merge`, with a sealed property', () => table().updateEntity(row('1', { name: 'b' }), 'Merge')],
    ['`updateEntity`, `Replace`', () => table().updateEntity(row('1', { name: 'c' }), 'Replace')],
    ['`getEntity`', () => table().getEntity('p', '1')],
    ['`listEntities`, one page of two rows', list],
    [
      '`submitTransaction`, three rows created',
      () => table().submitTransaction(['3', '4', '5'].map((rowKey) => ['create', row(rowKey, { name: 'a' })] as const)),
    ],
    ['`deleteEntity`', () => table().deleteEntity('p', '1')],
  ]);

  expect(costs).toEqual(documented('Rows'));
});
