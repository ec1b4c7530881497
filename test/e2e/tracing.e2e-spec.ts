import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createTracingClient } from '@azure/core-tracing';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedEntity,
  EncryptedQueueService,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';
import { type RecordedSpan, recordSpans } from '../support/recorded-spans.js';
import { tableOf, tablePolicy } from '../support/tables.js';

const recorder = recordSpans();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracing-'));
});
afterAll(() => rm(folder, { recursive: true }));

const secrets = {
  plaintext: `plaintext-${randomBytes(9).toString('hex')}`,
  partitionKey: `partition-${randomBytes(9).toString('hex')}`,
  rowKey: `row-${randomBytes(9).toString('hex')}`,
};
const kekBytes = randomBytes(32);
const kek = AesKeyEncryptionKey.fromBase64('traced:key', kekBytes.toString('base64'));
/** Every content key that was passed to a key or returned by it. */
const contentKeys: Buffer[] = [];
const listeningKey: KeyEncryptionKey = {
  keyId: kek.keyId,
  wrapKey: (packed) => {
    contentKeys.push(Buffer.from(packed));
    return kek.wrapKey(packed);
  },
  unwrapKey: (encryptedKey, algorithm) => kek.unwrapKey(encryptedKey, algorithm),
};

type Blob = Awaited<ReturnType<typeof blobOf>>;

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

/** The spans that `work` created. */
async function spansOf(work: () => Promise<unknown>): Promise<readonly RecordedSpan[]> {
  const before = recorder.spans.length;
  await work().catch(() => undefined);
  return recorder.spans.slice(before);
}

const own = (spans: readonly RecordedSpan[]): readonly RecordedSpan[] =>
  spans.filter((span) => recorder.own.includes(span));
const pathsOf = (spans: readonly RecordedSpan[]): readonly string[] => spans.map(({ path }) => path);
const named = (spans: readonly RecordedSpan[], name: string): RecordedSpan =>
  spans.find((span) => span.name === name) ?? expectSpan(name, spans);

function expectSpan(name: string, spans: readonly RecordedSpan[]): never {
  throw new Error(`no span ${name} among ${pathsOf(spans).join(', ')}`);
}

async function queueOf(key: KeyEncryptionKey = listeningKey) {
  const service = QueueServiceClient.fromConnectionString(connectionString());
  const queue = new EncryptedQueueService(() => service, policyOf('2.0', { keyEncryptionKey: key })).getQueueClient(
    uniqueName('traced'),
  );
  await queue.create();
  return queue;
}

const isFine = ({ statuses }: RecordedSpan): boolean => statuses.every(({ status }) => status === 'success');
const withoutRequests = (spans: readonly RecordedSpan[]): readonly string[] =>
  pathsOf(spans).filter((path) => !path.includes('HTTP'));
const spellings = (bytes: Buffer): readonly string[] => [bytes.toString('hex'), bytes.toString('base64')];

async function blobOf(name = 'scan') {
  const policy = policyOf('2.1', { keyEncryptionKey: listeningKey, regionLength: 1024 });
  const [container] = await containersFor(policy);
  return container.getBlockBlobClient(name);
}

describe('the trace of a blob', () => {
  it('includes wrapping, sealing and the SDK’s own requests below the upload', async () => {
    const blob = await blobOf();

    const spans = await spansOf(() => blob.uploadData(Buffer.from(secrets.plaintext)));

    expect(pathsOf(spans)).toEqual([
      'EncryptedBlockBlobClient.uploadData',
      'EncryptedBlockBlobClient.uploadData > KeyEncryptionKey.wrapKey',
      'EncryptedBlockBlobClient.uploadData > Content.seal',
      expect.stringMatching(/^EncryptedBlockBlobClient.uploadData > BlockBlobClient-upload$/),
      expect.stringMatching(/^EncryptedBlockBlobClient.uploadData > BlockBlobClient-upload > HTTP PUT$/),
    ]);
    expect(named(spans, 'KeyEncryptionKey.wrapKey').attributes).toEqual({
      'az.namespace': 'Microsoft.Storage',
      'encryption.key_id': 'traced:key',
      'encryption.wrap_algorithm': 'A256KW',
      'encryption.wrap_location': 'service',
    });
    expect(named(spans, 'Content.seal').attributes).toMatchObject({
      'encryption.protocol': '2.1',
      'encryption.integrity': 'verify',
      'encryption.plaintext_bytes': secrets.plaintext.length,
    });
  });

  it('places the blocks of a larger upload alongside its sealing, not below it', async () => {
    const blob = await blobOf();

    const spans = await spansOf(() => blob.uploadStream(Readable.from([content(5000)]), 2048, 2));

    expect(new Set(pathsOf(spans).filter((path) => !path.includes('HTTP')))).toEqual(
      new Set([
        'EncryptedBlockBlobClient.uploadStream',
        'EncryptedBlockBlobClient.uploadStream > KeyEncryptionKey.wrapKey',
        'EncryptedBlockBlobClient.uploadStream > Content.seal',
        'EncryptedBlockBlobClient.uploadStream > BlockBlobClient-stageBlock',
        'EncryptedBlockBlobClient.uploadStream > BlockBlobClient-commitBlockList',
      ]),
    );
    expect(named(spans, 'Content.seal').attributes['encryption.plaintext_bytes']).toBe(5000);
  });

  it.each([
    ['download', async (blob: Blob) => bytesFrom((await blob.download(3, 2000)).readableStreamBody), 'unwrapKey'],
    ['downloadToBuffer', (blob: Blob) => blob.downloadToBuffer(), 'unwrapKey'],
    ['downloadToFile', (blob: Blob) => blob.downloadToFile(join(folder, 'scan')), 'unwrapKey'],
    [
      'downloadMisordered',
      async (blob: Blob) => bytesFrom((await blob.downloadMisordered()).readableStreamBody),
      'unwrapKey',
    ],
    [
      'rewrapKey',
      (blob: Blob) => blob.rewrapKey({ keyEncryptionKey: AesKeyEncryptionKey.generate('next') }),
      'wrapKey',
    ],
  ] as const)('includes unwrapping and the requests below %s', async (method, call, keyCall) => {
    const blob = await blobOf();
    await blob.uploadData(content(5000));

    const spans = await spansOf(() => call(blob));

    const outermost = `EncryptedBlobClient.${method}`;
    expect(spans[0]?.path).toBe(outermost);
    expect(spans.every(({ path }) => path.startsWith(outermost))).toBe(true);
    expect(pathsOf(own(spans))).toContain(`${outermost} > KeyEncryptionKey.${keyCall}`);
    expect(pathsOf(own(spans)).includes(`${outermost} > Content.open`)).toBe(method !== 'rewrapKey');
    expect(own(spans).every(isFine)).toBe(true);
  });

  it('ends the opening of a stream when the stream ends', async () => {
    const blob = await blobOf();
    await blob.uploadData(content(5000));
    const before = recorder.own.length;

    const { readableStreamBody } = await blob.download();
    const opening = named(recorder.own.slice(before), 'Content.open');
    const endsBefore = opening.ends;
    await bytesFrom(readableStreamBody);
    await new Promise(setImmediate);

    expect([endsBefore, opening.ends]).toEqual([0, 1]);
    expect(opening.attributes).toMatchObject({
      ...{ 'encryption.protocol': '2.1', 'encryption.key_id': 'traced:key', 'encryption.integrity': 'verify' },
    });
  });

  it('ends the opening of an abandoned stream', async () => {
    const blob = await blobOf();
    await blob.uploadData(content(5000));
    const before = recorder.own.length;

    const { readableStreamBody } = await blob.download();
    const opening = named(recorder.own.slice(before), 'Content.open');
    (readableStreamBody as Readable).destroy();
    await new Promise(setImmediate);

    expect(opening.ends).toBe(1);
  });

  it('reports a failed opening only by class and code', async () => {
    const blob = await blobOf();
    await blob.uploadData(content(5000));
    const { metadata } = await blob.unencryptedClient.getProperties();
    const sealed = await blob.unencryptedClient.downloadToBuffer();
    sealed.writeUInt8(sealed.readUInt8(1100) ^ 1, 1100);
    await blob.unencryptedClient.uploadData(sealed, { metadata: metadata! });

    const spans = await spansOf(async () => bytesFrom((await blob.download()).readableStreamBody));
    await new Promise(setImmediate);

    expect(named(spans, 'Content.open').statuses).toEqual([
      { status: 'error', error: 'DecryptionError DECRYPTION_FAILED' },
    ]);
  });

  it('has no opening for plaintext', async () => {
    const [container] = await containersFor(policyOf('2.0', { requireEncryption: false }));
    const blob = container.getBlockBlobClient('plain');
    await blob.unencryptedClient.uploadData(content(100));

    const spans = await spansOf(async () => {
      await bytesFrom((await blob.download()).readableStreamBody);
      await blob.downloadToBuffer();
    });

    expect(pathsOf(own(spans))).toEqual(['EncryptedBlobClient.download', 'EncryptedBlobClient.downloadToBuffer']);
  });

  it('reports a service error by code and status', async () => {
    const blob = await blobOf('absent');

    const spans = await spansOf(() => blob.getProperties());

    expect(spans[0]?.name).toBe('EncryptedBlobClient.getProperties');
    expect(spans[0]?.statuses).toMatchObject([{ status: 'error', error: expect.stringMatching(/^RestError .*404$/) }]);
  });

  it('is placed below the span of the caller', async () => {
    const blob = await blobOf();
    await blob.uploadData(content(10));
    const application = createTracingClient({ namespace: 'ward', packageName: 'ward' });

    const spans = await spansOf(() =>
      application.withSpan('ward round', {}, (options) => blob.setMetadata({ seen: 'yes' }, options)),
    );

    expect(new Set(spans.map(({ path }) => path.split(' > ').slice(0, 2).join(' > ')))).toEqual(
      new Set(['ward round', 'ward round > EncryptedBlobClient.setMetadata']),
    );
  });
});

describe('the trace of a queue', () => {
  it('includes wrapping, sealing and the request below a send, and opening below a receive', async () => {
    const queue = await queueOf();

    const sent = await spansOf(() => queue.sendMessage(secrets.plaintext));
    const received = await spansOf(() => queue.receiveMessages());

    expect(withoutRequests(sent)).toEqual([
      'EncryptedQueueClient.sendMessage',
      'EncryptedQueueClient.sendMessage > KeyEncryptionKey.wrapKey',
      'EncryptedQueueClient.sendMessage > Content.seal',
      'EncryptedQueueClient.sendMessage > QueueClient-sendMessage',
    ]);
    expect(withoutRequests(received)).toEqual([
      'EncryptedQueueClient.receiveMessages',
      'EncryptedQueueClient.receiveMessages > QueueClient-receiveMessages',
      'EncryptedQueueClient.receiveMessages > KeyEncryptionKey.unwrapKey',
      'EncryptedQueueClient.receiveMessages > Content.open',
    ]);
  });

  it('does not reveal the message of a failing key', async () => {
    const queue = await queueOf({
      keyId: 'loud:key',
      wrapKey: (packed) => Promise.reject(new Error(`cannot wrap ${Buffer.from(packed).toString('hex')}`)),
      unwrapKey: () => Promise.reject(new Error('cannot unwrap')),
    });

    const spans = await spansOf(() => queue.sendMessage(secrets.plaintext));

    expect(spans.map(({ name, statuses }) => [name, statuses])).toEqual([
      ['EncryptedQueueClient.sendMessage', [{ status: 'error', error: 'KeyWrapError KEY_WRAP_FAILED' }]],
      ['KeyEncryptionKey.wrapKey', [{ status: 'error', error: 'KeyWrapError KEY_WRAP_FAILED' }]],
    ]);
  });
});

describe('the trace of a table', () => {
  it('has the same spans for every call, and one for an entire listing', async () => {
    const table = tableOf(Patient, uniqueTableName('traced'), tablePolicy({ keyEncryptionKey: listeningKey }));
    await table.createTable();
    const { partitionKey, rowKey, plaintext: name } = secrets;

    const created = await spansOf(() => table.createEntity({ partitionKey, rowKey, name }));
    const read = await spansOf(() => table.getEntity(partitionKey, rowKey));
    const changed = await spansOf(() => table.submitTransaction([['update', { partitionKey, rowKey, name }]]));
    const listed = await spansOf(async () => {
      for await (const patient of table.listEntities()) expect(patient.name).toBe(name);
    });
    const refused = await spansOf(() => table.createEntity({ partitionKey, rowKey, name }));

    expect(pathsOf(own(created))).toEqual([
      'EncryptedTableClient.createEntity',
      'EncryptedTableClient.createEntity > KeyEncryptionKey.wrapKey',
      'EncryptedTableClient.createEntity > Content.seal',
    ]);
    expect(pathsOf(own(read))).toEqual([
      'EncryptedTableClient.getEntity',
      'EncryptedTableClient.getEntity > KeyEncryptionKey.unwrapKey',
      'EncryptedTableClient.getEntity > Content.open',
    ]);
    expect(pathsOf(own(changed))[0]).toBe('EncryptedTableClient.submitTransaction');
    expect(pathsOf(own(listed))).toEqual([
      'EncryptedTableClient.listEntities',
      'EncryptedTableClient.listEntities > KeyEncryptionKey.unwrapKey',
      'EncryptedTableClient.listEntities > Content.open',
    ]);
    expect(pathsOf(listed)).toContain('EncryptedTableClient.listEntities > TableClient.listEntitiesPage');
    expect(named(refused, 'EncryptedTableClient.createEntity').statuses).toMatchObject([{ status: 'error' }]);
  });

  it('ends the span of a listing that is left early', async () => {
    const table = tableOf(Patient, uniqueTableName('traced'));
    await table.createTable();
    await table.createEntity({ partitionKey: 'p', rowKey: 'r', name: 'n' });

    const spans = await spansOf(async () => {
      for await (const page of table.listEntities().byPage()) if (page.length > 0) break;
      for await (const { rowKey } of table.listEntities()) if (rowKey === 'r') break;
    });

    const listings = own(spans).filter(({ name }) => name === 'EncryptedTableClient.listEntities');
    expect(listings.map(({ ends }) => ends)).toEqual([1, 1]);
  });
});

describe('all spans of this file', () => {
  it('ended once and recorded one outcome', () => {
    expect(recorder.own.length).toBeGreaterThan(50);
    expect(recorder.own.filter(({ ends, statuses }) => ends !== 1 || statuses.length !== 1)).toEqual([]);
  });

  it('contain no plaintext, no key bytes and no table keys; the SDK’s own spans do contain table keys', () => {
    const keyBytes = [kekBytes, ...contentKeys].flatMap((bytes) => [bytes, bytes.subarray(-32)]);
    const needles = [
      ...Object.values(secrets).flatMap((text) => [text, ...spellings(Buffer.from(text))]),
      ...keyBytes.flatMap(spellings),
    ];
    const recorded = recorder.own.map((span) => span.text).join('\n');

    expect(needles.filter((needle) => recorded.includes(needle))).toEqual([]);
    expect(contentKeys.length).toBeGreaterThan(5);
    expect(recorder.spans.map((span) => span.text).join('\n')).toContain(secrets.rowKey);
  });
});
