/** Blob index tags, which need a separate permission. */
import type { EncryptedContainerClient, MaintenanceTask } from 'nestjs-azure-encrypted-storage';
import { runMaintenance } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { behind, containersFor, content, snapshotsIn } from '../support/blobs.js';
import { before, during, OLD } from '../support/maintenance.js';

const tagged = { tags: { ward: '3' } };

let old: EncryptedContainerClient;
let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  proxy.clear();
  [old] = await containersFor(before('1.0'));
  proxy.answer = ({ url = '' }, response) => {
    if (!url.includes('comp=tags')) return false;
    response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
    return true;
  };
});

const run = (task: MaintenanceTask) =>
  runMaintenance({
    name: 'again',
    task,
    sources: [behind(proxy, old, during()).forMaintenance({ pageBlobs: true })],
  });

describe('an identity that may not read tags', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['block', () => old.getBlockBlobClient('tagged').uploadData(content(1024), tagged)],
    ['page', () => old.getPageBlobClient('tagged').uploadData(content(1024), tagged)],
  ])('encrypts the others, and leaves a %s blob with tags unchanged', async (_type, upload) => {
    await upload();
    await old.getBlockBlobClient('plain').uploadData(content(1024));
    const blob = old.unencryptedClient.getBlobClient('tagged');
    const { etag } = await blob.getProperties();

    const report = await run({ do: 'reencrypt', when: { keyIds: [OLD] } });

    expect(report.outcomes).toEqual({ done: 1, refused: 1 });
    expect(report.failures).toMatchObject([{ name: 'tagged', outcome: 'refused', code: 'TAGS_FORBIDDEN' }]);
    expect((await blob.getProperties()).etag).toBe(etag);
    expect((await blob.getTags()).tags).toEqual(tagged.tags);
  });

  it('keeps the snapshots of a blob with tags', async () => {
    await old.getBlockBlobClient('tagged').uploadData(content(1024), tagged);
    const blob = old.unencryptedClient.getBlobClient('tagged');
    const { snapshot = '' } = await blob.createSnapshot();
    await behind(proxy, old, during()).getBlockBlobClient('tagged').rewrapKey();

    const report = await run({ do: 'deleteSuperseded', when: { keyIds: [OLD] } });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'TAGS_FORBIDDEN' }]);
    expect(await blob.withSnapshot(snapshot).exists()).toBe(true);
  });
});

it.each<[string, (comp: string, tags: unknown) => boolean]>([
  ['read', (comp) => comp.includes('comp=tags')],
  ['written', (_comp, tags) => tags !== undefined],
])('a credential that has expired when tags are %s ends the job, because it concerns every blob', async (_what, is) => {
  await old.getBlockBlobClient('tagged').uploadData(content(1024), tagged);
  proxy.answer = (request, response) => {
    if (!is(request.url ?? '', request.headers['x-ms-tags'])) return false;
    request.resume();
    response.writeHead(403, { 'x-ms-error-code': 'AuthenticationFailed' }).end();
    return true;
  };

  await expect(run({ do: 'reencrypt', when: { keyIds: [OLD] } })).rejects.toMatchObject({ statusCode: 403 });
});

describe('an identity that can read tags but not write them', () => {
  beforeEach(() => {
    proxy.answer = (request, response) => {
      if (request.headers['x-ms-tags'] === undefined) return false;
      request.resume();
      response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
      return true;
    };
  });

  it.each<[string, () => Promise<unknown>]>([
    ['block blob', () => old.getBlockBlobClient('tagged').uploadData(content(1024), tagged)],
    ['block blob of several blocks', () => old.getBlockBlobClient('tagged').uploadData(content(9_000_000), tagged)],
    ['page blob', () => old.getPageBlobClient('tagged').uploadData(content(1024), tagged)],
  ])('encrypts the others, and leaves a %s with tags unchanged', async (_type, upload) => {
    await upload();
    await old.getBlockBlobClient('plain').uploadData(content(1024));
    const blob = old.unencryptedClient.getBlobClient('tagged');
    const { metadata } = await blob.getProperties();

    const report = await run({ do: 'reencrypt', when: { keyIds: [OLD] }, verify: 'snapshot' });

    expect(report.outcomes).toEqual({ done: 1, refused: 1 });
    expect(report.failures).toMatchObject([{ name: 'tagged', outcome: 'refused', code: 'TAGS_FORBIDDEN' }]);
    expect((await blob.getProperties()).metadata).toEqual(metadata);
    expect((await blob.getTags()).tags).toEqual(tagged.tags);
    expect(await snapshotsIn(old)).toEqual([]);
  });
});
