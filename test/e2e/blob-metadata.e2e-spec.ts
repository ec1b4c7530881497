import { Readable } from 'node:stream';
import { jest } from '@jest/globals';
import { BlobServiceClient, type BlobSetMetadataOptions } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptedContainerClient,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { connectionString } from '../support/azurite.js';
import { containersFor, policyOf, testKey } from '../support/blobs.js';
import { ContextKey } from '../support/context-key.js';

const young = AesKeyEncryptionKey.generate('young');
const OLD = policyOf('2.0');
const YOUNG = policyOf('2.0', {
  keyEncryptionKey: young,
  keyResolver: (id) => (id === testKey.keyId ? testKey : null),
});
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start();
});
afterAll(() => proxy.close());
afterEach(() => {
  proxy.clear();
});

/** A blob whose key is wrapped by the old key, and a client whose policy writes with the young key. */
async function oldBlob({
  content = 'kept',
  metadata = {},
}: { content?: string; metadata?: Record<string, string> } = {}) {
  const [old, current] = await containersFor(OLD, YOUNG);
  await old.getBlockBlobClient('b').uploadData(Buffer.from(content), { metadata });
  return current.getBlockBlobClient('b');
}

/** The same blob through another connection. */
const through = (service: BlobServiceClient, blob: EncryptedBlockBlobClient) =>
  new EncryptedBlobService(() => service, YOUNG).getContainerClient(blob.containerName).getBlockBlobClient(blob.name);

const throughProxy = (blob: EncryptedBlockBlobClient, maxTries = 4) => {
  const retryOptions = { maxTries, retryDelayInMs: 1 };
  return through(BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions }), blob);
};

/** A container that need not exist, under a policy whose key always fails. */
function containerBehind({ connectionString: through }: AnswersProxy): EncryptedContainerClient {
  const refusing = { keyId: 'refusing', wrapKey: fail, unwrapKey: fail };
  const service = BlobServiceClient.fromConnectionString(through);
  return new EncryptedBlobService(() => service, policyOf('1.0', { keyEncryptionKey: refusing })).getContainerClient(
    'c',
  );
}

const fail = (): never => {
  throw new Error('no key is needed here');
};

/** The user's metadata as a listing returns it, which keeps the letter case of names. */
async function listedMetadata(blob: EncryptedBlockBlobClient): Promise<Record<string, string>> {
  const container = BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(blob.containerName);
  for await (const { metadata = {} } of container.listBlobsFlat({ includeMetadata: true, prefix: blob.name })) {
    const { encryptiondata: _data, ...user } = metadata;
    return user;
  }
  throw new Error('no such blob');
}

const keyIdOf = async (blob: EncryptedBlockBlobClient): Promise<string> => {
  const { metadata = {} } = await blob.unencryptedClient.getProperties();
  const data = JSON.parse(metadata['encryptiondata'] ?? '') as { WrappedContentKey: { KeyId: string } };
  return data.WrappedContentKey.KeyId;
};

describe('a rewrap', () => {
  const metadata = { WardName: 'North', lower: 'a', UPPER: 'b', mixedCase_1: 'C d' };

  it.each(['', 'kept'])('keeps the letter case of metadata names for content %j', async (content) => {
    const blob = await oldBlob({ content, metadata });

    expect(await blob.rewrapKey()).toEqual({ keyId: 'young', changed: true });

    expect(await listedMetadata(blob)).toEqual(metadata);
    expect((await blob.downloadToBuffer()).toString()).toBe(content);
    expect(await blob.rewrapKey()).toEqual({ keyId: 'young', changed: false });
  });

  const titled = (name: string) => name.replace(/(^|-)([a-z])/g, (part) => part.toUpperCase());
  it.each([
    ['lower-cases', (name: string) => name.toLowerCase()],
    ['capitalises', titled],
  ])('keeps the letter case through a proxy that %s header names', async (_what, change) => {
    const blob = throughProxy(await oldBlob({ metadata }));
    proxy.spoil = ({ answer, response }) => {
      response.writeHead(
        answer.statusCode ?? 500,
        Object.entries(answer.headers).flatMap(([name, value]) => [change(name), String(value)]),
      );
      answer.pipe(response);
      return true;
    };

    expect(await blob.rewrapKey()).toEqual({ keyId: 'young', changed: true });

    expect(await listedMetadata(blob)).toEqual(metadata);
  });

  it('fails if the names cannot be determined, and changes nothing', async () => {
    const blob = throughProxy(await oldBlob({ metadata }));
    proxy.spoil = ({ request, response }) => {
      if (request.url?.includes('comp=list') !== true) return false;
      response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
      return true;
    };

    await expect(blob.rewrapKey()).rejects.toEqual(code('UNSUPPORTED_OPERATION'));

    expect(await keyIdOf(blob)).toBe(testKey.keyId);
    expect(await listedMetadata(blob)).toEqual(metadata);
  });

  it('takes two requests without user metadata, and one if the blob already has the key', async () => {
    const blob = throughProxy(await oldBlob());

    await blob.rewrapKey();
    await blob.rewrapKey();

    expect(proxy.requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'HEAD']);
  });

  it('needs the lease id if the blob is leased', async () => {
    const blob = throughProxy(await oldBlob({ metadata }));
    const { leaseId = '' } = await blob.unencryptedClient.getBlobLeaseClient().acquireLease(60);
    proxy.clear();

    await expect(blob.rewrapKey()).rejects.toMatchObject({ statusCode: 412, code: 'LeaseIdMissing' });
    expect(proxy.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);

    expect(await blob.rewrapKey({ conditions: { leaseId } })).toEqual({ keyId: 'young', changed: true });
    expect(await listedMetadata(blob)).toEqual(metadata);
  });

  it('passes customer-provided keys and encryption scopes to every request that accepts them', async () => {
    const blob = await oldBlob({ metadata });
    const { unencryptedClient: client } = blob;
    const customerProvidedKey = { encryptionKey: 'a', encryptionKeySha256: 'b' };
    const sent: [name: string, options: BlobSetMetadataOptions][] = [];
    // the emulator supports neither, so the proxy forwards requests without them
    const pass = (name: string, options: BlobSetMetadataOptions = {}): BlobSetMetadataOptions => {
      sent.push([name, options]);
      const { customerProvidedKey: _key, encryptionScope: _scope, ...passed } = options;
      return passed;
    };
    const [look, read, write] = [client.getProperties, client.download, client.setMetadata];
    jest.spyOn(client, 'getProperties').mockImplementation((options) => look.call(client, pass('look', options)));
    jest
      .spyOn(client, 'download')
      .mockImplementation((offset, count, options) =>
        read.call(client, offset, count, { ...options, ...pass('read', options), customerProvidedKey: undefined }),
      );
    jest
      .spyOn(client, 'setMetadata')
      .mockImplementation((names, options) => write.call(client, names, pass('write', options)));

    await blob.rewrapKey({ customerProvidedKey, encryptionScope: 'scope' });
    await blob.setMetadata({ other: '1' }, { customerProvidedKey, encryptionScope: 'scope' });

    expect(sent.map(([name]) => name)).toEqual(['look', 'read', 'write', 'look', 'write']);
    for (const [name, options] of sent) {
      expect(options.customerProvidedKey).toEqual(customerProvidedKey);
      if (name === 'write') expect(options.encryptionScope).toBe('scope');
    }
  });

  it.each([
    [4, 'once', 1],
    [1, 'once', 1],
    [4, 'on every try', Infinity],
  ])('succeeds if its answer is lost (%d tries of the SDK, lost %s)', async (maxTries, _times, lost) => {
    const blob = throughProxy(await oldBlob({ metadata }), maxTries);
    let left = lost;
    proxy.spoil = ({ request }) => {
      if (request.method !== 'PUT' || left === 0) return false;
      left -= 1;
      request.socket.destroy();
      return true;
    };
    const { etag = '' } = await blob.getProperties();

    expect(await blob.rewrapKey({ conditions: { ifMatch: etag } })).toEqual({ keyId: 'young', changed: true });

    expect(await listedMetadata(blob)).toEqual(metadata);
    expect(await blob.rewrapKey()).toEqual({ keyId: 'young', changed: false });
  });

  it('wraps again with force, even if the key already wraps the blob', async () => {
    const rotated = new ContextKey('versions-within');
    const policy = policyOf('2.0', { keyEncryptionKey: rotated });
    const [container] = await containersFor(policy);
    const blob = container.getBlockBlobClient('b');
    await blob.uploadData(Buffer.from('kept'), { metadata });
    rotated.rotate();
    const wrapped = async () => (await blob.unencryptedClient.getProperties()).metadata?.['encryptiondata'];
    const before = await wrapped();

    expect(await blob.rewrapKey()).toEqual({ keyId: 'versions-within', changed: false });
    expect(await wrapped()).toBe(before);
    expect(await blob.rewrapKey({ force: true })).toEqual({ keyId: 'versions-within', changed: true });

    rotated.forgetOlder();
    expect((await blob.downloadToBuffer()).toString()).toBe('kept');
    expect(await listedMetadata(blob)).toEqual(metadata);
  });

  it('wraps once with force, even if its answer is lost', async () => {
    const blob = throughProxy(await oldBlob({ metadata }), 1);
    let isLost = false;
    proxy.spoil = ({ request }) => {
      if (request.method !== 'PUT' || isLost) return false;
      isLost = true;
      request.socket.destroy();
      return true;
    };
    const wrapping = jest.spyOn(young, 'wrapKey');

    expect(await blob.rewrapKey({ force: true })).toEqual({ keyId: 'young', changed: true });

    expect(wrapping).toHaveBeenCalledTimes(1);
    wrapping.mockRestore();
  });

  it('fails with 412 for an outdated ETag, without a retry', async () => {
    const blob = throughProxy(await oldBlob());
    const { etag = '' } = await blob.getProperties();
    await blob.setMetadata({ changed: '1' });
    proxy.clear();

    await expect(blob.rewrapKey({ conditions: { ifMatch: etag } })).rejects.toMatchObject({ statusCode: 412 });

    expect(proxy.requests).toHaveLength(1);
  });

  it('continues from the new state if the blob changes meanwhile', async () => {
    const direct = await oldBlob({ metadata });
    const blob = throughProxy(direct);
    let changes = 0;
    proxy.spoil = ({ request, answer, response }) => {
      if (request.method !== 'HEAD' || changes === 3) return false;
      changes += 1;
      void direct.setMetadata({ Round: String(changes) }).then(() => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      return true;
    };

    expect(await blob.rewrapKey()).toEqual({ keyId: 'young', changed: true });

    expect(await listedMetadata(blob)).toEqual({ Round: '3' });
  });
});

describe('concurrent changes', () => {
  it('all succeed and keep the blob readable', async () => {
    const blob = await oldBlob({ metadata: { Round: '0' } });

    const changes = Array.from({ length: 6 }, (_, round) => blob.setMetadata({ Round: String(round) }));
    await Promise.all([...changes, blob.rewrapKey(), blob.createSnapshot({ metadata: { Own: '1' } })]);

    expect((await blob.downloadToBuffer()).toString()).toBe('kept');
    expect(await keyIdOf(blob)).toBe('young');
    expect(await listedMetadata(blob)).toEqual({ Round: expect.stringMatching(/^\d$/) as string });
  });

  it('are tried once if the blob is leased', async () => {
    const blob = throughProxy(await oldBlob());
    await blob.unencryptedClient.getBlobLeaseClient().acquireLease(60);
    proxy.clear();

    await expect(blob.setMetadata({ a: '1' })).rejects.toMatchObject({ code: 'LeaseIdMissing' });

    expect(proxy.requests).toHaveLength(2);
  });
});

describe('a client of a snapshot or a version', () => {
  it.each(['snapshot', 'version'])('(%s) rejects changes before any request', async (which) => {
    const blob = await oldBlob({ metadata: { state: 'base' } });
    const { snapshot = '' } = await blob.createSnapshot();
    const reader =
      which === 'snapshot' ? blob.withSnapshot(snapshot) : blob.withVersion('2026-01-01T00:00:00.0000000Z');
    const client = reader.unencryptedClient;
    const sending = (['getProperties', 'setMetadata', 'createSnapshot'] as const).map((name) =>
      jest.spyOn(client, name),
    );

    await expect(reader.rewrapKey()).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
    await expect(reader.setMetadata({ state: 'changed' })).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
    await expect(reader.createSnapshot()).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
    await expect(reader.createSnapshot({ metadata: { a: '1' } })).rejects.toEqual(code('UNSUPPORTED_OPERATION'));

    for (const method of sending) expect(method).not.toHaveBeenCalled();
    expect(await listedMetadata(blob)).toEqual({ state: 'base' });
    expect(await keyIdOf(blob)).toBe(testKey.keyId);
  });

  it.each(['snapshot', 'version'] as const)('(%s) rejects uploads before any request or key call', async (which) => {
    const container = containerBehind(proxy);
    const [snapshot, version] = ['2026-01-01T00:00:00.0000000Z', '2026-01-02T00:00:00.0000000Z'];
    const blob = container.getBlockBlobClient('b');
    const reader = which === 'snapshot' ? blob.withSnapshot(snapshot) : blob.withVersion(version);
    const stream = (): Readable => Readable.from([Buffer.alloc(512)]);
    const pages = container.getPageBlobClient('b').withSnapshot(snapshot);
    const uploads = [
      () => reader.uploadData('new'),
      () => reader.upload('new', 3),
      () => reader.uploadStream(stream()),
      () => reader.uploadFile(import.meta.filename),
      () => pages.uploadData(Buffer.alloc(512)),
      () => pages.uploadStream(stream(), 512),
    ];

    for (const upload of uploads) await expect(upload()).rejects.toEqual(code('UNSUPPORTED_OPERATION'));

    expect(proxy.requests).toEqual([]);
  });

  it('is also read by the option of a call, for any range', async () => {
    const blob = await oldBlob({ content: 'old content' });
    const { snapshot = '' } = await blob.createSnapshot();
    await blob.uploadData(Buffer.from('new'));

    for (const offset of [0, 4, 100]) {
      const { readableStreamBody, contentLength } = await blob.download(offset, 5, { snapshot });
      expect(contentLength).toBe([5, 5, 0][[0, 4, 100].indexOf(offset)]);
      readableStreamBody?.resume();
    }
    expect((await blob.downloadToBuffer(4, 7, { snapshot } as object)).toString()).toBe('content');
  });
});
