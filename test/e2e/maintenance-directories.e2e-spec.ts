/** Directories that a listing shows as deleted, whose former content is unknown. */
import { BlobServiceClient } from '@azure/storage-blob';
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import { type MaintenanceReport, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withBody } from '../support/answers-proxy.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { behind, containersFor } from '../support/blobs.js';
import { after, OLD } from '../support/maintenance.js';

const state = BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(uniqueName('state'));
let answers: AnswersProxy;
let young: EncryptedContainerClient;
beforeAll(async () => {
  answers = await AnswersProxy.start();
});
afterAll(() => answers.close());
beforeEach(async () => {
  const [direct] = await containersFor(after());
  young = behind(answers, direct, after());
  await young.getBlockBlobClient('one').uploadData('one');
  const metadata = { hdi_isfolder: 'true' };
  await young.unencryptedClient.getBlockBlobClient('a-folder').upload('', 0, { metadata });
});

const count = (): Promise<MaintenanceReport> => {
  const sources = [young.forMaintenance({ pageSize: 1 })];
  return runMaintenance({ name: 'count', task: { do: 'census', retire: [OLD] }, sources }, { state });
};
const asDeleted = withBody((body) =>
  body.replaceAll('<Deleted>false</Deleted>', '').replace('>a-folder</Name>', '$&<Deleted>true</Deleted>'),
);

it('keep a key needed, and are remembered by another process that continues the walk', async () => {
  answers.spoil = (exchange) => {
    if (exchange.request.url?.includes('marker=') !== true) return asDeleted(exchange);
    exchange.response.writeHead(403).end();
    return true;
  };
  await expect(count()).rejects.toMatchObject({ statusCode: 403 });
  answers.clear();

  const { seen, census } = await count();

  expect(seen).toBe(1);
  expect(census.uncounted).toEqual([expect.stringMatching(/^what is in deleted directories of container/)]);
  expect(census.verdict?.mayDestroy).toBe('no');
});
