/** From a command to a report: connects, and inspects the requested object. */
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient, type BlockBlobClient, type ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { InvalidOptionsError } from '../errors/input.js';
import type { Command, Subject } from './command-line.js';
import { inspectBlob } from './inspect-blob.js';
import { inspectEntity } from './inspect-entity.js';
import { inspectQueue } from './inspect-queue.js';
import { verifyingPolicy } from './inspection-key.js';
import type { Report } from './report.js';

/** Few retries: someone who waits for the result of a command should not wait a minute. */
const RETRIES = { maxTries: 2, maxRetries: 1, retryDelayInMs: 500 };
type BlobSubject = Extract<Subject, { kind: 'blob' }>;

/** Throws `INVALID_OPTIONS` for an invalid connection or key. Errors of the services are thrown unchanged. */
export async function inspect(command: Command): Promise<Report> {
  const { subject, connectionString } = command;
  const policy = checked('the key', () => verifyingPolicy(command.key));
  if (subject.kind === 'blob') return blobReport(command, subject, policy);
  if (subject.kind === 'queue') {
    const client = checked('the connection string', () =>
      QueueServiceClient.fromConnectionString(connectionString, { retryOptions: RETRIES }),
    ).getQueueClient(subject.queue);
    const findings = await inspectQueue({ client, messages: subject.messages, policy });
    return { inspected: { kind: 'queue', account: client.accountName, queue: subject.queue }, findings };
  }
  const { table, partitionKey, rowKey } = subject;
  const client = checked('the connection string', () =>
    TableClient.fromConnectionString(connectionString, table, {
      allowInsecureConnection: true,
      retryOptions: RETRIES,
    }),
  );
  const finding = await inspectEntity({ client, partitionKey, rowKey, policy });
  return { inspected: { kind: 'entity', table, partitionKey, rowKey }, findings: [finding] };
}

async function blobReport(
  { connectionString, nonces }: Command,
  subject: BlobSubject,
  policy: EncryptionPolicy | null,
): Promise<Report> {
  const service = checked('the connection string', () =>
    BlobServiceClient.fromConnectionString(connectionString, { retryOptions: RETRIES }),
  );
  const container = service.getContainerClient(subject.container);
  const client = blobClient(container, subject);
  const finding = await inspectBlob({ container, client, nonces, policy });
  const { kind, blob, ...rest } = subject;
  return { inspected: { kind, account: service.accountName, ...rest, blob }, findings: [finding] };
}

function blobClient(container: ContainerClient, { blob, snapshot, versionId }: BlobSubject): BlockBlobClient {
  const client = container.getBlockBlobClient(blob);
  if (snapshot !== undefined) return client.withSnapshot(snapshot);
  return versionId === undefined ? client : client.withVersion(versionId).getBlockBlobClient();
}

/** Drops the reasons of foreign errors, which may quote a key. */
function checked<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw error;
    throw new InvalidOptionsError([`${what} cannot be used`]);
  }
}
