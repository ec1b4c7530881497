/** Bulk rewrapping of blobs: what changes, what stays, and what happens if others write at the same time. */
import {
  AesKeyEncryptionKey,
  EncryptedContainerClient,
  type EncryptionPolicy,
  isMaintenanceClean,
  type MaintenanceSource,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { behind, containersFor, content, policyOf } from '../support/blobs.js';
import { after, before, during, NEW, newKey, OLD } from '../support/maintenance.js';
import { PageProxy } from '../support/page-proxy.js';

const rewrap = (source: MaintenanceSource, options = {}) =>
  runMaintenance({ name: 'leave', task: { do: 'rewrap', retire: [OLD] }, sources: [source] }, options);

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
let proxy: PageProxy;
beforeAll(async () => {
  proxy = await PageProxy.start();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  proxy.clear();
  [old, both, young] = await containersFor(before(), during(), after());
});

/** The same container under another policy. */
const under = (policy: EncryptionPolicy) => new EncryptedContainerClient(old.unencryptedClient, policy);

/** The same container behind the proxy. */
const proxied = () => behind(proxy, old, during(), { maxTries: 2, retryDelayInMs: 10 });

const read = async (name: string) => (await young.getBlockBlobClient(name).downloadToBuffer()).toString();

describe('blobs', () => {
  it('open with only the new key afterwards, and keep metadata with its case, headers, tags and tier', async () => {
    await old.getBlockBlobClient('folder/a scan').uploadData(content(70_000), {
      metadata: { Patient: '17', UPPER: 'x', odd: 'a&b<c' },
      blobHTTPHeaders: { blobContentType: 'image/png', blobCacheControl: 'no-store' },
      tags: { ward: '3' },
      tier: 'Cool',
    });

    const report = await rewrap(both.forMaintenance());

    expect(report).toMatchObject({ seen: 1, outcomes: { done: 1 }, failures: [] });
    expect(report.census.verdict).toMatchObject({ mayDestroy: 'after', reasons: [] });
    expect(isMaintenanceClean(report)).toBe(true);
    const blob = young.getBlockBlobClient('folder/a scan');
    expect((await blob.downloadToBuffer()).equals(content(70_000))).toBe(true);
    const properties = await blob.getProperties();
    expect(properties).toMatchObject({ contentType: 'image/png', cacheControl: 'no-store', accessTier: 'Cool' });
    expect((await blob.unencryptedClient.getTags()).tags).toEqual({ ward: '3' });
    const listed: unknown[] = [];
    for await (const { metadata } of young.listBlobsFlat({ includeMetadata: true })) listed.push(metadata);
    expect(listed).toEqual([{ Patient: '17', UPPER: 'x', odd: 'a&b<c', encryptiondata: expect.any(String) as string }]);
  });

  it('are left in plaintext, under other keys, and as snapshots, which the census reports', async () => {
    await old.getBlockBlobClient('kept').uploadData('before');
    await old.getBlockBlobClient('kept').createSnapshot();
    await young.getBlockBlobClient('young').uploadData('young');
    await old.unencryptedClient.getBlockBlobClient('plain').upload('clear', 5);

    const report = await rewrap(both.forMaintenance());

    expect(report).toMatchObject({ seen: 3, outcomes: { done: 1, same: 2 } });
    const { verdict, entries } = report.census;
    expect(verdict).toMatchObject({ mayDestroy: 'no', reasons: [expect.stringMatching(/^1 × snapshot/)] });
    expect(isMaintenanceClean(report)).toBe(false);
    expect(entries.map(({ place, kind, keyId, count }) => [place, kind, keyId, count].join(' ')).sort()).toEqual([
      'current plain  1',
      `current sealed ${NEW} 2`,
      `snapshot sealed ${OLD} 1`,
    ]);
  });

  it('are not changed by a dry run, which does everything else', async () => {
    await old.getBlockBlobClient('one').uploadData('one');

    const report = await rewrap(proxied().forMaintenance(), { dryRun: true });

    expect(report).toMatchObject({ dryRun: true, outcomes: { done: 1 }, census: { verdict: { mayDestroy: 'no' } } });
    // the other reads the properties of the container
    expect(new Set(proxy.actions)).toEqual(new Set(['other', 'list']));
  });

  it('need one write each, plus the listing', async () => {
    for (const name of ['1', '2', '3']) await old.getBlockBlobClient(name).uploadData(name);

    await rewrap(proxied().forMaintenance());

    const onBlobs = proxy.actions.filter((action) => action !== 'list' && action !== 'other');
    expect(onBlobs).toEqual(['metadata', 'metadata', 'metadata']);
  });

  it.each(['lose', 'repeat', 'refuse'] as const)('stay intact if the network makes a write %s', async (fate) => {
    await old.getBlockBlobClient('one').uploadData('one');
    proxy.fate = (action, earlier) => (action === 'metadata' && earlier === 0 ? fate : 'pass');

    const report = await rewrap(proxied().forMaintenance());

    expect(report.outcomes).toEqual({ done: 1 });
    expect(await read('one')).toBe('one');
  });

  it('keep what another writer stores between listing and write', async () => {
    await old.getBlockBlobClient('raced').uploadData('before');
    const other = () => old.getBlockBlobClient('raced').uploadData('the other writer', { metadata: { By: 'other' } });
    proxy.fate = (action, earlier) => (action === 'metadata' && earlier === 0 ? other() : 'pass');

    const report = await rewrap(proxied().forMaintenance());

    expect(report.outcomes).toEqual({ done: 1 });
    expect(await read('raced')).toBe('the other writer');
    expect((await young.getBlockBlobClient('raced').getProperties()).metadata).toMatchObject({ by: 'other' });
  });

  it.each([
    ['left and reported without a lease id', undefined, { leased: 1 }],
    ['rewrapped with their lease id', true, { done: 1 }],
  ])('that are leased are %s', async (_what, isKnown, outcomes) => {
    await old.getBlockBlobClient('leased').uploadData('leased');
    const lease = old.getBlockBlobClient('leased').unencryptedClient.getBlobLeaseClient();
    const { leaseId } = await lease.acquireLease(-1);

    const report = await rewrap(both.forMaintenance(isKnown === undefined ? {} : { leaseIdOf: () => leaseId }));

    expect(report.outcomes).toEqual(outcomes);
  });

  it('are reported if damaged or under an unknown key, while the job continues', async () => {
    const lost = AesKeyEncryptionKey.generate('lost');
    await under(policyOf('2.1', { keyEncryptionKey: lost }))
      .getBlockBlobClient('lost')
      .uploadData('x');
    await old.getBlockBlobClient('mine').uploadData('x');
    await old.unencryptedClient.getBlockBlobClient('torn').upload('x', 1, { metadata: { encryptiondata: '{' } });

    const report = await runMaintenance({
      name: 'all',
      task: { do: 'rewrap', retire: { prefix: '', except: [NEW] } },
      sources: [both.forMaintenance()],
    });

    const source = `blobs ${old.containerName}`;
    expect(report.outcomes).toEqual({ done: 1, keyMissing: 1, damaged: 1 });
    expect(report.failures).toEqual([
      { source, name: 'lost', outcome: 'keyMissing', code: 'KEY_NOT_FOUND' },
      { source, name: 'torn', outcome: 'damaged', code: 'INVALID_ENCRYPTION_METADATA' },
    ]);
    expect(report.census.verdict?.reasons).toHaveLength(2);
  });
});

describe('a new key', () => {
  beforeEach(() => old.getBlockBlobClient('one').uploadData('one'));

  it('that cannot unwrap what it wrapped ends the job before anything is overwritten', async () => {
    const wrong = {
      keyId: NEW,
      wrapKey: (bytes: Uint8Array) => newKey.wrapKey(bytes),
      unwrapKey: async () => Buffer.alloc(40),
    };

    const running = rewrap(under(during('2.1', { keyEncryptionKey: wrong })).forMaintenance());

    await expect(running).rejects.toMatchObject({ code: 'KEY_WRAP_FAILED' });
    expect((await old.getBlockBlobClient('one').downloadToBuffer()).toString()).toBe('one');
  });

  it('is rejected if it is the old one under another id', async () => {
    const bytes = Buffer.alloc(32, 9).toString('base64');
    const [twin, former] = [NEW, OLD].map((id) => AesKeyEncryptionKey.fromBase64(id, bytes));
    await under(policyOf('2.1', { keyEncryptionKey: former! }))
      .getBlockBlobClient('one')
      .uploadData('two');

    const policy = policyOf('2.1', { keyEncryptionKey: twin!, keyResolver: () => former! });

    await expect(rewrap(under(policy).forMaintenance())).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/under another id/) as string,
    });
  });

  it('is rejected if the task also leaves it', async () => {
    await expect(rewrap(old.forMaintenance())).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
