/** Calls that do not change content send the same request as the SDK, with all of its options. */
import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedBlobService, EncryptedQueueService, EncryptedTableService } from 'nestjs-azure-encrypted-storage';
import { policyOf } from '../support/blobs.js';

interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { toJSON?(): Record<string, string>; toJson?(): Record<string, string> };
  readonly body?: unknown;
}

const sent: unknown[] = [];
/** A service that records requests and never responds. */
const httpClient = {
  sendRequest: ({ method, url, headers, body }: SentRequest): Promise<never> => {
    const {
      'x-ms-client-request-id': _id,
      'x-ms-date': _date,
      authorization: _signature,
      ...kept
    } = headers.toJson?.() ?? headers.toJSON?.() ?? {};
    sent.push({ method, url, headers: kept, body: typeof body === 'string' ? body : typeof body });
    return Promise.reject(Object.assign(new Error('there is no service'), { name: 'AbortError' }));
  },
};
const options = { httpClient: httpClient as never, retryOptions: { maxTries: 1, maxRetries: 0 } };

const plain = {
  blobs: new BlobServiceClient('https://ward.blob.example', undefined, options),
  queues: new QueueServiceClient('https://ward.queue.example', undefined, options),
  tables: new TableServiceClient('https://ward.table.example', options),
};
const policy = policyOf('2.0');
const encrypted = {
  blobs: new EncryptedBlobService(() => plain.blobs, policy),
  queues: new EncryptedQueueService(() => plain.queues, policy),
  tables: new EncryptedTableService(
    () => {
      throw new Error('no table is needed');
    },
    policy,
    {},
    () => plain.tables,
  ),
};

type Services = typeof plain | typeof encrypted;
const containerOf = ({ blobs }: Services) => blobs.getContainerClient('scans');
const blobOf = (services: Services) => containerOf(services).getBlockBlobClient('scan');
const queueOf = ({ queues }: Services) => queues.getQueueClient('referrals');

const conditions = { leaseId: 'lease', ifMatch: '"1"', tagConditions: '"ward"=\'north\'' };
const until = { expiriesOn: new Date(1e12), policyMode: 'Unlocked' as const };

const CALLS: readonly [string, (services: Services) => unknown][] = [
  ['container.create', (services) => containerOf(services).create({ metadata: { ward: 'north' }, access: 'blob' })],
  ['container.delete', (services) => containerOf(services).delete({ conditions: { leaseId: 'lease' } })],
  ['container.exists', (services) => containerOf(services).exists({})],
  ['container.getProperties', (services) => containerOf(services).getProperties({ conditions: { leaseId: 'lease' } })],
  [
    'container.listBlobsByHierarchy',
    (services) => first(containerOf(services).listBlobsByHierarchy('/', { prefix: 'a/' })),
  ],
  ['container.findBlobsByTags', (services) => first(containerOf(services).findBlobsByTags('"ward"=\'north\''))],
  [
    'container.deleteBlob',
    (services) => containerOf(services).deleteBlob('scan', { deleteSnapshots: 'include', conditions }),
  ],
  ['blob.exists', (services) => blobOf(services).exists({ conditions })],
  ['blob.delete', (services) => blobOf(services).delete({ deleteSnapshots: 'only', conditions })],
  ['blob.undelete', (services) => blobOf(services).undelete({})],
  [
    'blob.setHTTPHeaders',
    (services) => blobOf(services).setHTTPHeaders({ blobCacheControl: 'private' }, { conditions }),
  ],
  ['blob.setTags', (services) => blobOf(services).setTags({ ward: 'north' }, { conditions })],
  ['blob.getTags', (services) => blobOf(services).getTags({ conditions })],
  ['blob.setAccessTier', (services) => blobOf(services).setAccessTier('Archive', { rehydratePriority: 'High' })],
  ['blob.setImmutabilityPolicy', (services) => blobOf(services).setImmutabilityPolicy(until, {})],
  ['blob.deleteImmutabilityPolicy', (services) => blobOf(services).deleteImmutabilityPolicy({})],
  ['blob.setLegalHold', (services) => blobOf(services).setLegalHold(true, {})],
  ['blob.getBlobLeaseClient', (services) => blobOf(services).getBlobLeaseClient('proposed').acquireLease(15)],
  ['queue.getProperties', (services) => queueOf(services).getProperties({})],
  ['queue.setMetadata', (services) => queueOf(services).setMetadata({ ward: 'north' }, {})],
  ['queue.getAccessPolicy', (services) => queueOf(services).getAccessPolicy({})],
  ['blobs.listContainers', ({ blobs }) => first(blobs.listContainers({ prefix: 'a', includeMetadata: true }))],
  ['queues.listQueues', ({ queues }) => first(queues.listQueues({ prefix: 'a', includeMetadata: true }))],
  ['tables.listTables', ({ tables }) => first(tables.listTables({ queryOptions: { filter: "TableName eq 'a'" } }))],
];

const first = (items: AsyncIterable<unknown>): Promise<unknown> => items[Symbol.asyncIterator]().next();

/** The requests of a call, which fails because there is no response. */
async function requestsOf(call: (services: Services) => unknown, services: Services): Promise<unknown[]> {
  sent.length = 0;
  await expect(call(services)).rejects.toThrow('there is no service');
  return [...sent];
}

it.each(CALLS)('%s sends the same request as the SDK', async (_name, call) => {
  const expected = await requestsOf(call, plain);

  expect(await requestsOf(call, encrypted)).toEqual(expected);
  expect(expected).toHaveLength(1);
});

it('deletes several blobs in one request', async () => {
  const call = () => encrypted.blobs.getContainerClient('scans').deleteBlobs(['a', 'b']);

  expect(await requestsOf(call, encrypted)).toMatchObject([
    { method: 'POST', url: expect.stringContaining('comp=batch') as string },
  ]);
});

it('cannot list tables if the application creates each table client itself', () => {
  const service = new EncryptedTableService(() => {
    throw new Error('no table is needed');
  }, policy);

  expect(() => service.listTables()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_OPERATION' }) as Error);
});
