/** Re-encrypted page blobs: what they keep, concurrent writers, and what a killed process leaves behind. */
import { EncryptedContainerClient, isMaintenanceClean } from 'nestjs-azure-encrypted-storage';
import { content } from '../support/blobs.js';
import { ENCRYPT, LEAVE, MaintainedPages } from '../support/maintained-pages.js';
import { after, NEW, OLD } from '../support/maintenance.js';

const PAGES = 4 * 1024 * 1024 + 512;
const described = {
  metadata: { Patient: '17' },
  blobHTTPHeaders: { blobContentType: 'image/png', blobContentLanguage: 'de' },
  tags: { ward: '3' },
};

const pages = new MaintainedPages();
const { raw, disk, proxied, run, snapshots } = pages;
const opened = () => pages.young.getPageBlobClient('disk').downloadToBuffer();
const metadataNames = async () => {
  for await (const { metadata } of pages.old.listBlobsFlat({ includeMetadata: true }))
    return Object.keys(metadata ?? {}).sort();
  return [];
};
const clear = (bytes: Buffer) => pages.clear(bytes, { ...described, blobSequenceNumber: 7 });
const sealed = (bytes: Buffer) => disk().uploadData(bytes, described);

describe('a page blob', () => {
  it.each([0, 512, 1024, 64 * 512])('of %i bytes leaves a key and keeps its properties', async (length) => {
    await sealed(content(length));
    await raw().updateSequenceNumber('update', 42);

    const report = await run(LEAVE);

    expect(report.outcomes).toEqual({ done: 1 });
    expect(report.census.entries).toMatchObject([{ keyId: NEW, protocol: '1.0', integrity: true, count: 1 }]);
    expect(isMaintenanceClean(report)).toBe(true);
    expect((await opened()).equals(content(length))).toBe(true);
    expect(await raw().getProperties()).toMatchObject({
      ...{ contentType: 'image/png', contentLanguage: 'de', blobType: 'PageBlob', contentLength: length },
      blobSequenceNumber: 42,
    });
    expect(await metadataNames()).toEqual(['Patient', 'encryptiondata']);
    expect((await raw().getTags()).tags).toEqual({ ward: '3' });
    expect(await snapshots()).toEqual([]);
    expect((await run(LEAVE)).outcomes).toEqual({ same: 1 });
  });

  it('in plaintext is encrypted completely, including pages that were never written', async () => {
    const bytes = Buffer.concat([content(512), Buffer.alloc(PAGES - 1024), content(512)]);
    await raw().create(PAGES, { ...described, blobSequenceNumber: 7 });
    await raw().uploadPages(bytes.subarray(0, 512), 0, 512);
    await raw().uploadPages(bytes.subarray(-512), PAGES - 512, 512);

    const report = await run(ENCRYPT);

    expect(report.outcomes).toEqual({ done: 1 });
    expect((await opened()).equals(bytes)).toBe(true);
    expect((await raw().getProperties()).blobSequenceNumber).toBe(7);
    expect(await snapshots()).toEqual([]);
    expect(isMaintenanceClean(report)).toBe(true);
  });

  it('is only read in a dry run, and is left unless the task includes page blobs', async () => {
    await sealed(content(1024));
    const { etag } = await raw().getProperties();

    const dry = await run(LEAVE, { dryRun: true });
    const unasked = await run(LEAVE, { pageBlobs: false });

    expect(dry.outcomes).toEqual({ done: 1 });
    expect(dry.warnings.join('\n')).toMatch(/cannot be read while it is encrypted again/);
    expect(unasked.failures).toMatchObject([{ outcome: 'refused', code: 'PageBlobIsNotReencrypted' }]);
    expect((await raw().getProperties()).etag).toBe(etag);
  });

  it('cannot leave protocol 1.0, and has no foreign format', async () => {
    await clear(content(1024));
    const foreign = { read: () => Promise.resolve(null) };

    expect((await run({ do: 'reencrypt', when: { protocols: ['1.0'] } })).outcomes).toEqual({ same: 1 });
    const report = await run({ do: 'reencrypt', when: { foreign: true, plaintext: true } }, { foreign });
    expect(report.failures).toMatchObject([{ code: 'PageBlobIsNotReencrypted' }]);
    expect((await raw().downloadToBuffer()).equals(content(1024))).toBe(true);
  });

  it.each([
    ['Block', false],
    ['Page', true],
  ])('counts as clean if another program writes it in 1.0 during a job (%s blob: %p)', async (type, isClean) => {
    await pages.old.getBlockBlobClient('letter').uploadData(content(512));
    const late = type === 'Page' ? pages.old.getPageBlobClient('late') : pages.old.getBlockBlobClient('late');
    let hasCome = false;
    pages.proxy.fate = (action) => {
      if (action !== 'list' || hasCome || !pages.proxy.actions.includes('write')) return 'pass';
      hasCome = true;
      return late.uploadData(content(512));
    };

    const report = await run({ do: 'reencrypt', when: { protocols: ['1.0'] } }, { container: proxied() });

    expect([hasCome, report.failures]).toEqual([true, []]);
    expect(isMaintenanceClean(report)).toBe(isClean);
    expect(report.census.entries.some(({ isOfPages }) => isOfPages === true)).toBe(isClean);
  });

  it('keeps the snapshots of the application, and its lease', async () => {
    await sealed(content(1024));
    const { snapshot } = await raw().createSnapshot();
    const { leaseId } = await raw().getBlobLeaseClient().acquireLease(-1);

    expect((await run(LEAVE)).outcomes).toEqual({ leased: 1 });
    expect((await run(LEAVE, { leaseIdOf: () => leaseId })).outcomes).toEqual({ done: 1 });

    expect(await snapshots()).toEqual([snapshot]);
    expect((await raw().getProperties()).leaseState).toBe('leased');
    expect((await opened()).equals(content(1024))).toBe(true);
  });

  it.each<[string, () => Promise<EncryptedContainerClient>, string]>([
    ['with a missing key', () => Promise.resolve(pages.young), 'keyMissing'],
    [
      'with damaged content',
      async () => {
        const bytes = await raw().downloadToBuffer();
        await raw().uploadPages(
          bytes.subarray(0, 512).map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
          0,
          512,
        );
        return pages.both;
      },
      'damaged',
    ],
  ])('%s is not changed', async (_what, spoil, outcome) => {
    await sealed(content(1024));
    const container = await spoil();
    const { etag } = await raw().getProperties();

    expect((await run(LEAVE, { container })).outcomes).toEqual({ [outcome]: 1 });
    expect((await raw().getProperties()).etag).toBe(etag);
    expect(await snapshots()).toEqual([]);
  });
});

describe('another program', () => {
  it('that uploads the blob meanwhile keeps its content', async () => {
    await sealed(content(PAGES));
    const theirs = pages.young.unencryptedClient;
    const application = new EncryptedContainerClient(theirs, after('1.0'));
    pages.proxy.fate = (action, earlier) =>
      action === 'page' && earlier === 0 ? application.getPageBlobClient('disk').uploadData(content(512)) : 'pass';

    const report = await run(LEAVE, { container: proxied() });

    expect(report.failures).toEqual([]);
    expect((await opened()).equals(content(512))).toBe(true);
    expect(await snapshots()).toEqual([]);
  });

  it.each(['snapshot', 'create'] as const)(
    'that changes the blob before the %s has its change encrypted',
    async (moment) => {
      await clear(content(1024));
      pages.proxy.fate = (action, earlier) =>
        action === moment && earlier === 0 ? raw().uploadPages(Buffer.alloc(512, 1), 0, 512) : 'pass';

      const report = await run(ENCRYPT, { container: proxied() });

      expect(report.outcomes).toEqual({ done: 1 });
      expect((await opened()).equals(Buffer.concat([Buffer.alloc(512, 1), content(1024).subarray(512)]))).toBe(true);
      expect(await snapshots()).toEqual([]);
    },
  );
});

describe('an outage after the commit', () => {
  it.each(['read', 'sequence', 'look'] as const)('that starts with a %s request is waited for', async (action) => {
    await sealed(content(1024));
    await raw().updateSequenceNumber('update', 42);
    let isOut = false;
    pages.proxy.fate = (one) => {
      if (one !== action || isOut) return 'pass';
      isOut = pages.proxy.actions.includes('metadata');
      return isOut ? { status: 503, code: 'ServerBusy' } : 'pass';
    };

    const report = await run(LEAVE, { container: proxied() });
    expect(isOut).toBe(true);
    expect(report.outcomes).toEqual({ done: 1 });
    expect((await raw().getProperties()).blobSequenceNumber).toBe(42);
    expect(await snapshots()).toEqual([]);
  });
});

describe('a process that ends', () => {
  /** Every request after the given number fails. */
  const endAt = (number: number): void => {
    let sent = 0;
    pages.proxy.fate = () => (sent++ < number ? 'pass' : 'refuse');
  };

  it('at any request leaves a blob that the next job completes', async () => {
    let isOver = false;
    const ended = new Set<string>();
    for (let number = 1; !isOver; number += 1) {
      await sealed(content(1024));
      endAt(number);
      isOver = await run(LEAVE, { container: proxied() }).then(
        () => true,
        () => false,
      );
      const found = await run({ do: 'census', retire: [OLD] });
      ended.add(found.census.entries.find(({ place }) => place === 'current')?.kind ?? '');
      pages.proxy.clear();

      const report = await run(LEAVE);

      expect(report.failures).toEqual([]);
      expect((await opened()).equals(content(1024))).toBe(true);
      expect(await raw().getProperties()).toMatchObject({ contentType: 'image/png', contentLength: 1024 });
      // the proxy sends header names in lower case
      expect((await metadataNames()).map((name) => name.toLowerCase()).sort()).toEqual(['encryptiondata', 'patient']);
      await raw().delete({ deleteSnapshots: 'include' });
    }
    expect([...ended].sort()).toEqual(['sealed', 'unfinished']);
  });

  it('leaves a blob that the next job completes, also behind a proxy that lower-cases header names', async () => {
    await sealed(content(1024));
    pages.proxy.fate = () => (pages.proxy.actions.includes('page') ? 'refuse' : 'pass');
    await expect(run(LEAVE, { container: proxied() })).rejects.toThrow();
    pages.proxy.clear();

    const report = await run(LEAVE, { container: proxied() });

    expect(report).toMatchObject({ outcomes: { done: 1 }, failures: [] });
    expect((await opened()).equals(content(1024))).toBe(true);
    // the proxy also does so in requests
    expect(await metadataNames()).toEqual(['encryptiondata', 'patient']);
  });

  it('is reported by a job without page blobs, and the key is still needed', async () => {
    await sealed(content(1024));
    let hasEnded = false;
    pages.proxy.fate = (action) => {
      hasEnded ||= action === 'page';
      return hasEnded ? 'refuse' : 'pass';
    };
    await expect(run(LEAVE, { container: proxied() })).rejects.toThrow();

    const report = await run(LEAVE, { pageBlobs: false });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'UPLOAD_UNFINISHED' }]);
    expect(report.census.verdict?.mayDestroy).toBe('no');
  });
});

describe('a lost answer', () => {
  it.each(['look', 'read', 'snapshot', 'create', 'page', 'metadata', 'delete', 'sequence'] as const)(
    'to a %s request does not change the outcome',
    async (lost) => {
      await sealed(content(PAGES));
      pages.proxy.fate = (action, earlier) => (action === lost && earlier === 0 ? 'lose' : 'pass');

      const report = await run(LEAVE, { container: proxied() });

      expect(pages.proxy.actions).toContain(lost);
      expect(report.failures).toEqual([]);
      expect((await opened()).equals(content(PAGES))).toBe(true);
      expect(
        (await run({ do: 'census', retire: [OLD] })).census.entries.filter(({ place }) => place === 'current'),
      ).toMatchObject([{ keyId: NEW }]);
    },
  );
});
