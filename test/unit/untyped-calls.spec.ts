/** Calls that TypeScript would reject: a missing argument, or an option in the wrong place. Nothing is sent. */
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  Encrypt,
  EncryptedBlobService,
  EncryptedBlockBlobClient,
  EncryptedContainerClient,
  EncryptedEntity,
  EncryptedQueueClient,
  EncryptedQueueService,
  EncryptedTableClient,
  EncryptedTableService,
  KeyRing,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { policyOf } from '../support/blobs.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward?: string;
}

const sent: string[] = [];
/** A service that records requests and never responds. */
const httpClient = {
  sendRequest: ({ url }: { readonly url: string }): Promise<never> => {
    sent.push(url);
    return Promise.reject(Object.assign(new Error('there is no service'), { name: 'AbortError' }));
  },
};
afterEach(() => {
  expect(sent).toEqual([]);
});

const options = { httpClient: httpClient as never };
const blobs = new BlobServiceClient('https://ward.blob.example', undefined, options);
const queues = new QueueServiceClient('https://ward.queue.example', undefined, options);
const container = blobs.getContainerClient('scans');
const tableOf = (name: string) => new TableClient('https://ward.table.example', name, options);
const policy = policyOf('2.0');
const none = undefined as never;

const patients = new EncryptedTableClient(tableOf('patients'), policy, Patient);
const scan = new EncryptedContainerClient(container, policy).getBlockBlobClient('scan');
const keys = { partitionKey: 'north', rowKey: '17' };
const codeOf = (call: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(call)
    .then(
      () => null,
      (error: unknown) => {
        const { code, message } = error as { readonly code?: string; readonly message: string };
        return `${code}: ${message}`;
      },
    );

it.each<[string, () => unknown]>([
  ['a blob service', () => new EncryptedBlobService(() => blobs, none)],
  ['a container client', () => new EncryptedContainerClient(container, none)],
  ['a blob client', () => new EncryptedBlockBlobClient(container.getBlockBlobClient('scan'), none)],
  ['a queue service', () => new EncryptedQueueService(() => queues, none)],
  ['a queue client', () => new EncryptedQueueClient(queues.getQueueClient('referrals'), none)],
  ['a table service', () => new EncryptedTableService(tableOf, none)],
  ['a table client', () => new EncryptedTableClient(tableOf('patients'), none, Patient)],
])('%s without a policy is rejected when it is constructed', async (_what, construct) => {
  expect(await codeOf(construct)).toBe(
    'INVALID_OPTIONS: Invalid options: "policy" must be an object with "protocol", "keyEncryptionKey" and "requireEncryption"',
  );
});

it.each<[string, () => unknown]>([
  ['connect', () => new EncryptedBlobService(blobs as never, policy)],
  ['connect', () => new EncryptedQueueService(queues as never, policy)],
  ['tableClientFactory', () => new EncryptedTableService(tableOf('patients') as never, policy)],
])('a client in place of the function "%s" is rejected', async (name, construct) => {
  expect(await codeOf(construct)).toBe(
    `INVALID_OPTIONS: Invalid options: "${name}" must be a function that returns the client of the SDK`,
  );
});

it.each<[string, unknown]>([
  ['an entity', [{ ...keys, name: 'A' }]],
  ['an object', {}],
  ['nothing', undefined],
  ['a missing action', [undefined]],
])('a transaction of %s in place of actions is rejected', async (_what, actions) => {
  expect(await codeOf(() => patients.submitTransaction(actions as never))).toBe(
    `INVALID_OPTIONS: Invalid options: "actions" must be a list of actions, each a list too, such as [['create', entity]]`,
  );
});

it.each<[string, () => unknown]>([
  ['createEntity', () => patients.createEntity(none)],
  ['updateEntity', () => patients.updateEntity(null as never)],
  ['upsertEntity', () => patients.upsertEntity(none, 'Merge')],
  ['submitTransaction', () => patients.submitTransaction([['create'] as never])],
])('%s without an entity is rejected', async (_method, call) => {
  expect(await codeOf(call)).toBe('INVALID_ENTITY: An entity must be an object');
});

it.each<[string, () => unknown, RegExp]>([
  ['the keys of a ring', () => new KeyRing({} as never), /"keys" must be a list of keys/],
  [
    'the sources of a job',
    () => runMaintenance({ name: 'count', task: { do: 'census' } } as never),
    /"sources" must be/,
  ],
  [
    'the sources of a job, of which none is a client,',
    () => runMaintenance({ name: 'count', task: { do: 'census' }, sources: [patients] } as never),
    /"sources" must be a list of what forMaintenance\(\) returns/,
  ],
])('%s must be a list', async (_what, call, fault) => {
  expect(await codeOf(call)).toMatch(fault);
});

const FILTER = "ward eq '3'";
it.each<[string, object, RegExp]>([
  ['a filter without queryOptions', { filter: FILTER }, /"filter" must be in "queryOptions"/],
  ['a selection without queryOptions', { select: ['ward'] }, /"select" must be in "queryOptions"/],
  ['a misspelt filter', { queryOptions: { filters: FILTER } }, /"queryOptions.filters" is not an option/],
  ['a filter in place of queryOptions', { queryOptions: FILTER }, /"queryOptions" must be an object/],
  ['a filter that is no text', { queryOptions: { filter: [FILTER] } }, /"queryOptions.filter" must be a text/],
])('a read of rows with %s is rejected, because it would find others', async (_what, given, fault) => {
  expect(await codeOf(() => patients.listEntities(given).next())).toMatch(fault);
  expect(await codeOf(() => patients.getEntity('north', '17', given))).toMatch(fault);
});

class WardQuery {
  page = 3;
  constructor(readonly ward: string) {}
  get filter(): string {
    return `ward eq '${this.ward}'`;
  }
}

it('queryOptions may be an object of a class, with accessors and other members', async () => {
  expect(await codeOf(() => patients.listEntities({ queryOptions: new WardQuery('3') }).next())).not.toMatch(/INVALID/);
  expect(sent.splice(0).map(decodeURIComponent)).toEqual([expect.stringContaining(FILTER)]);
});

it.each<[string, () => unknown]>([
  ['upsertEntity', () => patients.upsertEntity(keys, 'Replace', { etag: '"1"' } as never)],
  ['upsertEntity to merge', () => patients.upsertEntity(keys, 'Merge', { etag: '"1"' } as never)],
  // @ts-expect-error its options have no ETag
  ['an upsert in a transaction', () => patients.submitTransaction([['upsert', keys, 'Replace', { etag: '"1"' }]])],
  [
    'a merge or insert in a transaction',
    // @ts-expect-error its options have no ETag
    () => patients.submitTransaction([['upsert', { ...keys, name: 'A' }, 'Merge', { etag: '"1"' }]]),
  ],
])('%s with an ETag is rejected, because it would replace any version', async (_what, call) => {
  expect(await codeOf(call)).toMatch(/^INVALID_OPTIONS: .*"etag": use an update/);
});

it('a delete with an ETag in a transaction is rejected, because it would delete any version', async () => {
  const actions = [['delete', keys, { etag: '"1"' }]];

  expect(await codeOf(() => patients.submitTransaction(actions as never))).toMatch(
    /^INVALID_OPTIONS: .*"etag": use deleteEntity/,
  );
});

it.each<[string, (given: object) => unknown]>([
  ['upload', (given) => scan.upload('a', 1, given)],
  ['uploadData', (given) => scan.uploadData(Buffer.from('a'), given)],
  ['setMetadata', (given) => scan.setMetadata({ ward: 'north' }, given)],
  ['download', (given) => scan.download(0, undefined, given)],
  ['delete', (given) => scan.delete(given)],
  ['deleteIfExists', (given) => scan.deleteIfExists(given)],
  ['setHTTPHeaders', (given) => scan.setHTTPHeaders({}, given)],
  ['setTags', (given) => scan.setTags({ ward: 'north' }, given)],
  ['setAccessTier', (given) => scan.setAccessTier('Cool', given)],
  ['beginCopyFrom', (given) => scan.beginCopyFrom(scan, given)],
  ['rewrapKey', (given) => scan.rewrapKey(given)],
])('%s with conditions outside of "conditions" is rejected, because they would not hold', async (_method, call) => {
  expect(await codeOf(() => call({ ifMatch: '"1"', leaseId: 'lease' }))).toBe(
    'INVALID_OPTIONS: Invalid options: "ifMatch" must be in "conditions", as for the SDK; "leaseId" must be in "conditions", as for the SDK',
  );
});
