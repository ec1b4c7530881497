/** What the service does to encrypted blobs without us: docs/blobs.md, "Metadata, snapshots, versions". */
import { content, containersFor, policyOf } from '../support/blobs.js';

describe.each(['1.0', '2.0'] as const)('a blob of %s', (protocol) => {
  const plaintext = content(1000);

  it('is read from a copy that the service made', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container!.getBlockBlobClient('source');
    const copy = container!.getBlockBlobClient('copy');
    await source.uploadData(plaintext);

    await copy.unencryptedClient.syncCopyFromURL(source.url);

    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it('is read as an append blob, which other SDKs write', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container!.getBlockBlobClient('source');
    await source.uploadData(plaintext);
    const ciphertext = await source.unencryptedClient.downloadToBuffer();
    const { metadata } = await source.unencryptedClient.getProperties();

    const appended = container!.unencryptedClient.getAppendBlobClient('appended');
    await appended.create({ metadata });
    await appended.appendBlock(ciphertext, ciphertext.length);

    const copy = container!.getBlockBlobClient('appended');
    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect((await copy.downloadToBuffer(10, 20)).equals(plaintext.subarray(10, 30))).toBe(true);
  });

  it('is lost in a copy that was given metadata of its own, unless the entry is among it', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const source = container!.getBlockBlobClient('source');
    const copy = container!.getBlockBlobClient('copy');
    await source.uploadData(plaintext);
    const { metadata } = await source.getProperties();

    await copy.unencryptedClient.syncCopyFromURL(source.url, { metadata: { ward: 'north' } });
    await expect(copy.downloadToBuffer()).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });

    await copy.unencryptedClient.syncCopyFromURL(source.url, { metadata: { ...metadata, ward: 'north' } });
    expect((await copy.downloadToBuffer()).equals(plaintext)).toBe(true);
  });

  it('is read after its headers, tags and tier were changed', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = container!.getBlockBlobClient('blob');
    await blob.uploadData(plaintext);

    await blob.unencryptedClient.setHTTPHeaders({ blobContentType: 'text/plain' });
    await blob.unencryptedClient.setTags({ ward: 'north' });
    await blob.unencryptedClient.setAccessTier('Cool');

    expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
  });
});
