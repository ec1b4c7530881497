import { AesKeyEncryptionKey, type EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import { bytesFrom, containersFor, content, policyOf, testKey } from '../support/blobs.js';

const PAGE = 512;

type Kind = 'block' | 'page';
const clientOf = (container: EncryptedContainerClient, kind: Kind) =>
  kind === 'block' ? container.getBlockBlobClient('letter') : container.getPageBlobClient('letter');

const writers = [
  ['1.0', 'block'],
  ['2.0', 'block'],
  ['2.1', 'block'],
  ['1.0', 'page'],
] as const;

describe.each(writers)('the integrity tag of a %s %s blob', (protocol, kind) => {
  it('comes with the write, with every read, and with the properties', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = clientOf(container, kind);

    const { integrityTag, etag } = await blob.uploadData(content(PAGE));

    expect([integrityTag?.length, etag]).toEqual([44, (await blob.getProperties()).etag]);
    expect((await blob.getProperties()).integrityTag).toBe(integrityTag);
    const streamed = await blob.download(0, undefined, { expectedIntegrityTag: integrityTag! });
    expect(streamed.integrityTag).toBe(integrityTag);
    expect(await bytesFrom(streamed.readableStreamBody)).toEqual(content(PAGE));
    expect(await blob.downloadToBuffer(5, 10, { expectedIntegrityTag: integrityTag! })).toEqual(
      content(PAGE).subarray(5, 15),
    );
    expect((await blob.getProperties({ expectedIntegrityTag: integrityTag! })).plaintextContentLength).toBe(PAGE);
  });

  it('reveals a restored old version, in complete and partial reads', async () => {
    const [container] = await containersFor(policyOf(protocol));
    const blob = clientOf(container, kind);
    await blob.uploadData(content(PAGE));
    const raw = blob.unencryptedClient;
    const old = { sealed: await raw.downloadToBuffer(), metadata: (await raw.getProperties()).metadata! };
    const { integrityTag: expectedIntegrityTag = '' } = await blob.uploadData(content(2 * PAGE));

    if ('uploadPages' in raw) {
      await raw.create(PAGE, { metadata: old.metadata });
      await raw.uploadPages(old.sealed, 0, PAGE);
    } else await raw.upload(old.sealed, old.sealed.length, { metadata: old.metadata });

    const stale = { code: 'STALE_CONTENT' };
    await expect(blob.download(0, undefined, { expectedIntegrityTag })).rejects.toMatchObject(stale);
    await expect(blob.downloadToBuffer(0, 10, { expectedIntegrityTag })).rejects.toMatchObject(stale);
    await expect(blob.downloadToFile('/nowhere', 0, 1, { expectedIntegrityTag })).rejects.toMatchObject(stale);
    await expect(blob.getProperties({ expectedIntegrityTag })).rejects.toMatchObject(stale);
    expect(await blob.downloadToBuffer()).toEqual(content(PAGE));
  });

  it('stays the same when the key is rewrapped, metadata is replaced or a snapshot is taken', async () => {
    const [old, next] = ['old', 'new'].map((id) => AesKeyEncryptionKey.generate(id));
    const [first, second] = await containersFor(
      policyOf(protocol, { keyEncryptionKey: old! }),
      policyOf(protocol, {
        keyEncryptionKey: next!,
        keyResolver: (id) => (id === 'old' ? old! : null),
        integrity: 'require',
      }),
    );
    const { integrityTag: expectedIntegrityTag = '' } = await clientOf(first, kind).uploadData(content(PAGE));
    const blob = clientOf(second, kind);

    const { changed } = await blob.rewrapKey();
    await blob.setMetadata({ reader: 'anna' });
    const { snapshot } = await blob.createSnapshot({ metadata: { reader: 'ben' } });

    expect(changed).toBe(true);
    expect(await blob.downloadToBuffer(0, undefined, { expectedIntegrityTag })).toEqual(content(PAGE));
    const kept = blob.withSnapshot(snapshot!);
    expect(await kept.downloadToBuffer(0, undefined, { expectedIntegrityTag })).toEqual(content(PAGE));
  });
});

it('is missing if integrity is off, when no tag can be expected', async () => {
  const [container] = await containersFor(policyOf('2.0', { integrity: 'off' }));
  const blob = container.getBlockBlobClient('letter');
  const { integrityTag } = await blob.uploadData(content(5));
  const expectedIntegrityTag = Buffer.alloc(32).toString('base64');

  expect([integrityTag, (await blob.getProperties()).integrityTag, (await blob.download()).integrityTag]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const refused = { code: 'INVALID_OPTIONS', message: expect.stringContaining('while "integrity" is "off"') as string };
  await expect(blob.downloadToBuffer(0, 1, { expectedIntegrityTag })).rejects.toMatchObject(refused);
  await expect(blob.getProperties({ expectedIntegrityTag })).rejects.toMatchObject(refused);
});

it.each([
  ['of 31 bytes', Buffer.alloc(31).toString('base64')],
  ['without its padding', Buffer.alloc(32).toString('base64').slice(0, -1)],
  ['that is empty', ''],
  ['that is not text', 7 as unknown as string],
])('rejects a tag %s before any request', async (_what, expectedIntegrityTag) => {
  const [container] = await containersFor(policyOf('2.0'));
  const blob = container.getBlockBlobClient('never-written');

  await expect(blob.downloadToBuffer(0, 1, { expectedIntegrityTag })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
  });
});

it('content without entries and plaintext match no expected tag', async () => {
  const [writer, reader] = await containersFor(
    policyOf('2.0', { integrity: 'off' }),
    policyOf('2.0', { requireEncryption: false }),
  );
  const expectedIntegrityTag = Buffer.alloc(32).toString('base64');
  await writer.getBlockBlobClient('sealed').uploadData(content(5));
  await writer.unencryptedClient.getBlockBlobClient('plain').upload('clear', 5);

  for (const name of ['sealed', 'plain']) {
    const reading = reader.getBlockBlobClient(name).downloadToBuffer(0, undefined, { expectedIntegrityTag });
    await expect(reading).rejects.toMatchObject({ code: 'STALE_CONTENT' });
  }
});

it('entries cannot be removed from a blob whose key was rewrapped, from a snapshot or from a copy', async () => {
  const young = AesKeyEncryptionKey.generate('young');
  const [container] = await containersFor(
    policyOf('2.0', { keyEncryptionKey: young, keyResolver: (id) => (id === testKey.keyId ? testKey : null) }),
  );
  const blob = container.getBlockBlobClient('letter');
  await blob.uploadData(content(5), { keyEncryptionKey: testKey });
  await blob.rewrapKey();
  const raw = blob.unencryptedClient;
  const { metadata } = await raw.getProperties();
  const stripped = { encryptiondata: metadata!['encryptiondata']!.replace(/,"AzCse\w+":"[^"]*"/g, '') };
  const copy = container.getBlockBlobClient('copy');

  const { snapshot } = await raw.createSnapshot({ metadata: stripped });
  await copy.unencryptedClient.syncCopyFromURL(raw.url, { metadata: stripped });
  await raw.setMetadata(stripped);

  for (const changed of [blob, blob.withSnapshot(snapshot!), copy])
    await expect(changed.downloadToBuffer()).rejects.toMatchObject({ code: 'INTEGRITY_MISSING' });
});

it('properties include the plaintext length only if the entries match the stored content', async () => {
  const [container] = await containersFor(policyOf('1.0'));
  const blob = container.getBlockBlobClient('letter');
  await blob.uploadData(content(21));
  const { metadata } = await blob.unencryptedClient.getProperties();
  const before = (await blob.getProperties()).plaintextContentLength;

  await blob.unencryptedClient.upload(Buffer.alloc(64), 64, { metadata: metadata! });

  expect([before, (await blob.getProperties()).plaintextContentLength]).toEqual([21, undefined]);
});

it('content whose entries were removed is read under "off", and reported', async () => {
  const reported: unknown[] = [];
  const [writer, reader] = await containersFor(
    policyOf('2.0'),
    policyOf('2.0', { integrity: 'off', onIntegrityMissing: (facts) => reported.push(facts) }),
  );
  const raw = writer.unencryptedClient.getBlockBlobClient('letter');
  await writer.getBlockBlobClient('letter').uploadData(content(5));
  const off = reader.getBlockBlobClient('letter');
  await off.downloadToBuffer();
  expect(reported).toEqual([]);

  const { metadata } = await raw.getProperties();
  const stripped = metadata!['encryptiondata']!.replace(/,"AzCse\w+":"[^"]*"/g, '');
  await raw.setMetadata({ encryptiondata: stripped });

  expect(await off.downloadToBuffer()).toEqual(content(5));
  expect(reported).toEqual([{ kind: 'blob', resource: raw.containerName, protocol: '2.0', keyId: 'test:key' }]);
  await expect(writer.getBlockBlobClient('letter').downloadToBuffer()).rejects.toMatchObject({
    code: 'INTEGRITY_MISSING',
  });
});
