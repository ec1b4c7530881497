/** What loggers write of clients: pino and others write JSON, `console.log` what `util.inspect` shows. */
import { inspect } from 'node:util';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedBlobService } from '../../src/blob/encrypted-blob.service.js';
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import { QueuedJobs } from '../../src/maintenance/queued/queued-jobs.js';
import { EncryptedStorageMaintenance } from '../../src/nest/maintenance/encrypted-storage-maintenance.js';
import { EncryptedQueueConsumer } from '../../src/queue/consumer/encrypted-queue-consumer.js';
import { EncryptedQueueService } from '../../src/queue/encrypted-queue.service.js';
import { EncryptedTableClient } from '../../src/table/encrypted-table-client.js';
import { policyOf } from '../support/blobs.js';

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

const key = Buffer.from(Array.from({ length: 64 }, (_, at) => at + 100));
const account = `DefaultEndpointsProtocol=https;AccountName=clinic;AccountKey=${key.toString('base64')};EndpointSuffix=core.windows.net`;
/** The key in the forms that loggers have for bytes. */
const FORMS = [key.toString('base64'), '100,101,102,103', '64 65 66 67'];

const policy = policyOf('2.1');
const blobs = new EncryptedBlobService(() => BlobServiceClient.fromConnectionString(account), policy);
const queues = new EncryptedQueueService(() => QueueServiceClient.fromConnectionString(account), policy);
const container = blobs.getContainerClient('scans');
const queue = queues.getQueueClient('referrals');
const table = new EncryptedTableClient(TableClient.fromConnectionString(account, 'patients'), policy, Patient);
const secret = {
  encryptionKey: key.toString('base64'),
  encryptionKeySha256: '',
  encryptionAlgorithm: 'AES256',
} as const;

/** As `safe-stable-stringify` does, which pino uses. */
function json(value: unknown): string {
  const seen = new WeakSet<object>();
  return JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member !== 'object' || member === null) return member;
    if (seen.has(member)) return '[Circular]';
    seen.add(member);
    return member;
  });
}

const state = container.unencryptedClient;
const jobs = [{ name: 'leave', task: { do: 'census' }, sources: [container.forMaintenance()] }] as const;
const queued = new QueuedJobs({ jobs, options: { state }, send: () => Promise.resolve(), onReport: () => undefined });

it('the clients of the SDK alone would show the account key', () => {
  const plain = [container.unencryptedClient, queue.unencryptedClient, table.unencryptedClient];

  for (const one of plain) expect(FORMS.some((form) => json(one).includes(form))).toBe(true);
});

it.each<[string, object]>([
  ['a blob service', blobs],
  ['a container', container],
  ['a block blob', container.getBlockBlobClient('17.png')],
  ['a page blob', container.getPageBlobClient('disk')],
  ['the blobs of a job', container.forMaintenance({ customerProvidedKey: secret })],
  ['a queue service', queues],
  ['a queue', queue],
  ['the messages of a job', queue.forMaintenance(queue.unencryptedClient)],
  ['a consumer', new EncryptedQueueConsumer({ queue, getPoisonQueue: () => queue.unencryptedClient }, () => undefined)],
  ['a table', table],
  ['the rows of a job', table.forMaintenance()],
  ['the jobs of an application', new EncryptedStorageMaintenance({ jobs, options: { state }, queued })],
  ['jobs that are shared', queued],
])('neither JSON nor console.log shows the account key of %s', (_what, object) => {
  const logged = [
    json(object),
    json({ object }),
    inspect(object, { depth: 20, maxArrayLength: 1000, showHidden: true }),
  ];

  for (const form of FORMS) for (const text of logged) expect(text).not.toContain(form);
});

it('JSON of a client has its name', () => {
  expect(JSON.parse(JSON.stringify({ container, blob: container.getBlockBlobClient('17.png'), queue, table }))).toEqual(
    {
      container: { containerName: 'scans' },
      blob: { containerName: 'scans', name: '17.png' },
      queue: { name: 'referrals' },
      table: { tableName: 'patients' },
    },
  );
});
