/** What the service itself does to encrypted blobs: docs/blobs.md, "Metadata, snapshots, versions". */
import { BlobSASPermissions } from '@azure/storage-blob';
import { content, containersFor, policyOf } from '../support/blobs.js';

describe.each(['1.0', '2.0'] as const)('a blob of %s', (protocol) => {
  const plaintext = content(1000);

  it('can be read from a copy that the service made', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container.getBlockBlobClient('source');
    const copy = container.getBlockBlobClient('copy');
    await source.uploadData(plaintext);

    await copy.unencryptedClient.syncCopyFromURL(source.url);

    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it('can be read as an append blob, which other SDKs write', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container.getBlockBlobClient('source');
    await source.uploadData(plaintext);
    const ciphertext = await source.unencryptedClient.downloadToBuffer();
    const { metadata } = await source.unencryptedClient.getProperties();

    const appended = container.unencryptedClient.getAppendBlobClient('appended');
    await appended.create({ metadata });
    await appended.appendBlock(ciphertext, ciphertext.length);

    const copy = container.getBlockBlobClient('appended');
    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect((await copy.downloadToBuffer(10, 20)).equals(plaintext.subarray(10, 30))).toBe(true);
  });

  it('cannot be read from a copy with new metadata, unless that includes the encryption entry', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container.getBlockBlobClient('source');
    const copy = container.getBlockBlobClient('copy');
    await source.uploadData(plaintext);
    const { metadata } = await source.getProperties();

    await copy.unencryptedClient.syncCopyFromURL(source.url, { metadata: { ward: 'north' } });
    await expect(copy.downloadToBuffer()).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });

    await copy.unencryptedClient.syncCopyFromURL(source.url, { metadata: { ...metadata, ward: 'north' } });
    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it('can still be read after its headers, tags and tier have changed', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = container.getBlockBlobClient('blob');
    await blob.uploadData(plaintext);

    await blob.setHTTPHeaders({ blobContentType: 'text/plain' });
    await blob.setTags({ ward: 'north' });
    await blob.setAccessTier('Cool');

    expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect(await blob.getProperties()).toMatchObject({ contentType: 'text/plain', accessTier: 'Cool' });
    expect((await blob.getTags()).tags).toEqual({ ward: 'north' });
  });

  it.each([
    ['without metadata', undefined, { ward: 'north' }],
    ['with metadata', { ward: 'south' }, { ward: 'south' }],
    ['with no metadata at all', {}, {}],
    ['with a conflicting entry', { EncryptionData: 'mine' }, {}],
  ])('can be read from a copy started %s', async (_how, metadata, expected) => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container.getBlockBlobClient('source');
    const copy = container.getBlockBlobClient('copy');
    await source.uploadData(plaintext, { metadata: { ward: 'north' } });

    const poller = await copy.beginCopyFrom(source, metadata === undefined ? {} : { metadata });
    await poller.pollUntilDone();

    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
    const { encryptiondata, ...own } = (await copy.getProperties()).metadata ?? {};
    expect(encryptiondata).toBe((await source.getProperties()).metadata?.['encryptiondata']);
    expect(own).toEqual(expected);
  });

  it('is not replaced by a copy of plaintext if encryption is required', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const [source, copy] = [container.getBlockBlobClient('source'), container.getBlockBlobClient('copy')];
    await source.unencryptedClient.uploadData(plaintext);
    await copy.uploadData(plaintext);

    await expect(copy.beginCopyFrom(source)).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });

    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it.each([undefined, '*'])(
    'is not begun of another state than the one that was read, with ifMatch %p',
    async (ifMatch) => {
      const [container] = await containersFor(policyOf(protocol));
      const [source, copy] = [container.getBlockBlobClient('source'), container.getBlockBlobClient('copy')];
      await source.uploadData(plaintext);
      const { getProperties } = source.unencryptedClient;
      source.unencryptedClient.getProperties = async (...given) => {
        const properties = await getProperties.apply(source.unencryptedClient, given);
        // another writer is faster than the copy
        await source.unencryptedClient.uploadData(plaintext);
        return properties;
      };

      const begun = copy.beginCopyFrom(source, { metadata: {}, sourceConditions: { ifMatch } });

      await expect(begun).rejects.toMatchObject({ statusCode: 412 });
      expect(await copy.exists()).toBe(false);
    },
  );

  it('can be changed under a lease', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = container.getBlockBlobClient('blob');
    await blob.uploadData(plaintext);
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(-1);

    await expect(blob.setHTTPHeaders({ blobContentType: 'text/plain' })).rejects.toMatchObject({ statusCode: 412 });
    await blob.setHTTPHeaders({ blobContentType: 'text/plain' }, { conditions: { leaseId: lease.leaseId } });

    expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it('is read through a SAS as ciphertext', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = container.getBlockBlobClient('blob');
    await blob.uploadData(plaintext);
    const permissions = BlobSASPermissions.parse('r');

    const url = await blob.generateCiphertextSasUrl({ permissions, expiresOn: new Date(Date.now() + 3_600_000) });

    const stored = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(stored.equals(await blob.unencryptedClient.downloadToBuffer())).toBe(true);
    expect(stored.includes(plaintext.subarray(0, 16))).toBe(false);
  });
});

describe('other operations', () => {
  it('reject a hash of the plaintext, and change no snapshot by accident', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('blob');
    await blob.uploadData('content');
    const { snapshot = '' } = await blob.createSnapshot();

    await expect(blob.setHTTPHeaders({ blobContentMD5: Buffer.alloc(16) })).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
    });
    await expect(blob.withSnapshot(snapshot).setHTTPHeaders({})).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
    });
    await expect(blob.withSnapshot(snapshot).beginCopyFrom(blob)).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
    });
  });

  it('delete several blobs of a container', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const names = ['a', 'b/c', 'b/d'];
    for (const name of names) await container.getBlockBlobClient(name).uploadData(name);
    const levels: string[] = [];
    for await (const item of container.listBlobsByHierarchy('/')) levels.push(item.name);
    expect(levels.sort()).toEqual(['a', 'b/']);

    const { subResponsesSucceededCount } = await container.deleteBlobs(names.slice(1));
    await container.deleteBlob('a');

    expect(subResponsesSucceededCount).toBe(2);
    expect(await container.getBlockBlobClient('b/c').exists()).toBe(false);
    expect(await container.exists()).toBe(true);
  });
});
