/** Blobs that the service deletes at a time that was set for them, in accounts with a hierarchical namespace. */
import { type EncryptedContainerClient, type MaintenanceTask, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { behind, containersFor, content } from '../support/blobs.js';
import { before, during, OLD } from '../support/maintenance.js';

let old: EncryptedContainerClient;
let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  proxy.clear();
  [old] = await containersFor(before('1.0'));
  proxy.spoil = ({ request: { url = '' }, answer }) => {
    // the emulator has no such accounts
    if (url.includes('/expiring')) answer.headers['x-ms-expiry-time'] = 'Fri, 01 Jan 2100 00:00:00 GMT';
    return false;
  };
});

const run = (task: MaintenanceTask) =>
  runMaintenance({
    name: 'again',
    task,
    sources: [behind(proxy, old, during('1.0')).forMaintenance({ pageBlobs: true })],
  });

describe.each<[string, () => Promise<unknown>]>([
  ['block', () => old.getBlockBlobClient('expiring').uploadData(content(1024))],
  ['page', () => old.getPageBlobClient('expiring').uploadData(content(1024))],
])('a %s blob that expires', (_type, upload) => {
  beforeEach(async () => {
    await upload();
    await old.getBlockBlobClient('other').uploadData(content(1024));
  });

  it('is not encrypted again, which would lose its time, and is reported', async () => {
    const blob = old.unencryptedClient.getBlobClient('expiring');
    const { etag } = await blob.getProperties();

    const report = await run({ do: 'reencrypt', when: { keyIds: [OLD] } });

    expect(report.outcomes).toEqual({ done: 1, refused: 1 });
    expect(report.failures).toMatchObject([{ name: 'expiring', outcome: 'refused', code: 'EXPIRY_TIME' }]);
    expect((await blob.getProperties()).etag).toBe(etag);
  });

  it('is rewrapped, which keeps its time', async () => {
    const report = await run({ do: 'rewrap', retire: [OLD] });

    expect(report.outcomes).toEqual({ done: 2 });
  });
});
