import { Readable } from 'node:stream';
import { content } from '../support/blobs.js';
import { nameOf, outcome, pageLab, readBy, snapshotsOf, strict } from '../support/page-lab.js';
import { PageProxy } from '../support/page-proxy.js';

const OLD = content(1024);
const NEW = content(2048);
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

let proxy: PageProxy;
beforeAll(async () => {
  proxy = await PageProxy.start();
});
afterAll(() => proxy.close());
beforeEach(() => {
  proxy.clear();
});

describe('an upload over a page blob', () => {
  it('replaces it and leaves no snapshot', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.blob.uploadData(OLD, { metadata: { ward: 'north' } });

    const { etag } = await lab.blob.uploadData(NEW, { metadata: { ward: 'south' } });

    expect(await readBy(lab)).toBe(nameOf(NEW));
    const properties = await lab.blob.getProperties();
    expect(properties.metadata).toMatchObject({ ward: 'south' });
    expect(properties.etag).toBe(etag);
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it('keeps snapshots of others', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.blob.uploadData(OLD);
    const { snapshot } = await lab.blob.createSnapshot();

    await lab.blob.uploadData(NEW);

    expect(await snapshotsOf(lab)).toEqual([snapshot]);
    expect((await lab.blob.withSnapshot(snapshot!).downloadToBuffer()).equals(OLD)).toBe(true);
  });

  it('restores content, metadata names, headers and tags if it fails', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.blob.uploadData(OLD, {
      metadata: { wardName: 'north' },
      tags: { kind: 'scan' },
      blobHTTPHeaders: { blobContentType: 'application/dicom' },
    });
    const before = await lab.direct().getProperties();

    await expect(lab.blob.uploadStream(Readable.from([NEW]), 4096)).rejects.toEqual(code('SOURCE_LENGTH_MISMATCH'));

    expect(await readBy(lab)).toBe(nameOf(OLD));
    const after = await lab.direct().getProperties();
    expect(after.metadata).toEqual(before.metadata);
    expect(after.contentType).toBe('application/dicom');
    expect((await lab.direct().unencryptedClient.getTags()).tags).toEqual({ kind: 'scan' });
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each([
    { status: 409, code: 'SnapshotOperationRateExceeded' },
    { status: 409, code: 'SnapshotCountExceeded' },
    { status: 403, code: 'AuthorizationPermissionMismatch' },
  ])('leaves it unchanged if the service rejects the snapshot: $code', async (answer) => {
    const lab = await pageLab(proxy, strict);
    const { etag } = await lab.direct().uploadData(OLD);
    proxy.fate = (name) => (name === 'snapshot' ? answer : 'pass');

    await expect(lab.blob.uploadData(NEW)).rejects.toMatchObject({ statusCode: answer.status, code: answer.code });

    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect((await lab.direct().getProperties()).etag).toBe(etag);
    expect(await snapshotsOf(lab)).toEqual([]);
  });

  it.each(['blobSequenceNumber', 'legalHold', 'immutabilityPolicy'])('rejects %s', async (name) => {
    const { blob } = await pageLab(proxy, strict);

    await expect(blob.uploadData(NEW, { [name]: 7 })).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
    expect(proxy.actions).toEqual([]);
  });

  it('rejects a blob of another type, which it could not restore', async () => {
    const lab = await pageLab(proxy, strict);
    const { containerName } = lab.blob.unencryptedClient;
    await lab.direct().unencryptedClient.getBlockBlobClient().upload('block', 5);

    await expect(lab.blob.uploadData(NEW)).rejects.toEqual(code('UNSUPPORTED_OPERATION'));

    expect(containerName).toBeDefined();
    expect(String(await lab.direct().unencryptedClient.downloadToBuffer())).toBe('block');
    expect(await snapshotsOf(lab)).toEqual([]);
  });
});

describe('conditions of an upload of pages', () => {
  it('apply to the previous content', async () => {
    const lab = await pageLab(proxy, strict);
    const { etag } = await lab.blob.uploadData(OLD, { conditions: { ifNoneMatch: '*' } });

    expect(await outcome(lab.blob.uploadData(NEW, { conditions: { ifNoneMatch: '*' } }))).toBe('409');
    expect(await outcome(lab.blob.uploadData(NEW, { conditions: { ifMatch: '"0x1"' } }))).toBe('412');
    // the emulator answers as if for a read
    expect(['304', '412']).toContain(await outcome(lab.blob.uploadData(NEW, { conditions: { ifNoneMatch: etag! } })));
    expect(await outcome(lab.blob.uploadData(NEW, { conditions: { ifUnmodifiedSince: new Date('2001-01-01') } }))).toBe(
      '412',
    );

    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
    await lab.blob.uploadData(NEW, { conditions: { ifMatch: etag! } });
    expect(await readBy(lab)).toBe(nameOf(NEW));
  });

  it('apply if there is no blob', async () => {
    const { blob } = await pageLab(proxy, strict);

    expect(await outcome(blob.uploadData(NEW, { conditions: { ifMatch: '"0x1"' } }))).toBe('412');
  });

  it('keep the content if the service first reports none and then a page fails', async () => {
    const lab = await pageLab(proxy, strict);
    const { etag } = await lab.direct().uploadData(OLD);
    proxy.fate = (name, earlier) => ((name === 'look' && earlier === 0) || name === 'page' ? 'deny' : 'pass');

    expect(await outcome(lab.blob.uploadData(NEW, { conditions: { ifMatch: etag! } }))).toBe('412');

    expect(await readBy(lab)).toBe(nameOf(OLD));
    proxy.clear();
  });

  it('without the lease id leave the blob unchanged and no snapshot', async () => {
    const lab = await pageLab(proxy, strict);
    await lab.blob.uploadData(OLD);
    const lease = lab.direct().unencryptedClient.getBlobLeaseClient();
    const { leaseId } = await lease.acquireLease(60);

    for (let tries = 0; tries < 3; tries += 1) {
      await expect(lab.blob.uploadData(NEW)).rejects.toMatchObject({ statusCode: 412, code: 'LeaseIdMissing' });
    }

    expect(await readBy(lab)).toBe(nameOf(OLD));
    expect(await snapshotsOf(lab)).toEqual([]);
    const conditions = { leaseId: leaseId! };
    await expect(lab.blob.uploadStream(Readable.from([]), 512, { conditions })).rejects.toEqual(
      code('SOURCE_LENGTH_MISMATCH'),
    );
    expect(await readBy(lab)).toBe(nameOf(OLD));
    await lab.blob.uploadData(NEW, { conditions });
    expect(await readBy(lab)).toBe(nameOf(NEW));
    expect(await snapshotsOf(lab)).toEqual([]);
  });
});
