/** Maintenance reads the same blobs from a listing as the SDK. */
import { listedPages } from '../../src/blob/maintenance/listed-blob.js';
import { containersFor } from '../support/blobs.js';
import { during } from '../support/maintenance.js';

const PLACES = { snapshots: true, versions: false, deleted: true };
const NAMES = ['a b+c', 'folder/ä%2F&<>"\'.dcm', "quote's", 'ünïcode/😀', 'plus+sign', 'z'.repeat(200)];
const METADATA = { Owner: 'Dr & <Who>', lower_case: '"quoted"', MIXED9: "it's" };

const inOneOrder = (objects: readonly unknown[]): string[] => objects.map((object) => JSON.stringify(object)).sort();

it('has names, ETags and metadata as the SDK lists them, page after page', async () => {
  const [ours] = await containersFor(during());
  const container = ours.unencryptedClient;
  for (const name of NAMES) {
    await ours.getBlockBlobClient(name).uploadData(name, { metadata: METADATA });
    await container.getBlockBlobClient(name).createSnapshot();
  }
  const plain = { metadata: METADATA, blobHTTPHeaders: { blobContentType: 'text/plain' } };
  await container.getAppendBlobClient('log').create(plain);
  await container.getAppendBlobClient('log').createSnapshot();

  // pages end between two names, because the emulator would skip a blob between its snapshots and itself
  const pageSize = 4;
  const listed = [];
  const sizes = [];
  for await (const { objects } of listedPages(container, { pageSize, places: PLACES }, { everything: true })) {
    sizes.push(objects.length);
    for (const { name, copy = '', facts, metadata } of objects)
      listed.push([name, copy, facts.Etag, facts.BlobType, metadata]);
  }

  const expected = [];
  const options = { includeMetadata: true, includeSnapshots: true, includeDeleted: true };
  for await (const { segment } of container.listBlobsFlat(options).byPage({ maxPageSize: pageSize }))
    for (const { name, snapshot = '', properties, metadata = {} } of segment.blobItems)
      expected.push([name, snapshot, properties.etag, properties.blobType, metadata]);
  expect(expected).toHaveLength(2 * (NAMES.length + 1));
  expect(listed.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  // the emulator lists a blob and its snapshot in any order
  expect(inOneOrder(listed)).toEqual(inOneOrder(expected));
  expect(Math.max(...sizes)).toBe(pageSize);
});

it.each(['a b', 'ünïcode/', 'plus+', 'folder/ä%2F&'])('contains only names with the prefix %s', async (prefix) => {
  const [ours] = await containersFor(during());
  for (const name of NAMES) await ours.getBlockBlobClient(name).uploadData(name);
  const names = [];
  const listing = { prefix, places: PLACES };
  for await (const { objects } of listedPages(ours.unencryptedClient, listing, { everything: true, namesOnly: true }))
    names.push(...objects.map(({ name }) => name));
  expect(names).toEqual(NAMES.filter((name) => name.startsWith(prefix)));
});

it('includes a blob that is marked as a folder but has content or encryption data', async () => {
  const [ours] = await containersFor(during());
  const metadata = { hdi_isfolder: 'true' };
  await ours.getBlockBlobClient('sealed').uploadData('', { metadata });
  await ours.unencryptedClient.getBlockBlobClient('clear').upload('x', 1, { metadata });
  await ours.unencryptedClient.getBlockBlobClient('folder').upload('', 0, { metadata });

  const names = [];
  for await (const { objects } of listedPages(ours.unencryptedClient, { places: PLACES }, { everything: true }))
    names.push(...objects.map(({ name }) => name));
  expect(names).toEqual(['clear', 'sealed']);
});

it('throws the error of the service with its status and code', async () => {
  const [ours] = await containersFor(during());
  await ours.unencryptedClient.delete();
  const pages = listedPages(ours.unencryptedClient, { places: PLACES }, { everything: true });
  const code = 'ContainerNotFound';
  await expect(pages.next()).rejects.toMatchObject({ statusCode: 404, code, details: { errorCode: code } });
});

it('stops when it is aborted', async () => {
  const [ours] = await containersFor(during());
  const abortSignal = AbortSignal.abort();
  const pages = listedPages(ours.unencryptedClient, { places: PLACES }, { everything: true, abortSignal });
  await expect(pages.next()).rejects.toMatchObject({ name: 'AbortError' });
});
