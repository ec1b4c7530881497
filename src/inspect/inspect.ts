/** From a request to a report: inspects an object. */
import type { TableClient } from '@azure/data-tables';
import type { BlobServiceClient, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { InvalidOptionsError } from '../errors/input.js';
import { inspectBlob } from './inspect-blob.js';
import { inspectEntity } from './inspect-entity.js';
import type { NonceChoice } from './inspect-nonces.js';
import { inspectQueue } from './inspect-queue.js';
import { type KeySource, verifyingPolicy } from './inspection-key.js';
import type { Report } from './report.js';

export type Subject =
  | {
      readonly kind: 'blob';
      readonly container: string;
      readonly blob: string;
      readonly snapshot?: string;
      readonly versionId?: string;
    }
  | { readonly kind: 'queue'; readonly queue: string; readonly messages: number }
  | { readonly kind: 'entity'; readonly table: string; readonly partitionKey: string; readonly rowKey: string };

export interface InspectionRequest {
  readonly subject: Subject;
  readonly nonces: NonceChoice;
  readonly key: KeySource;
}

type BlobSubject = Extract<Subject, { kind: 'blob' }>;

/** The clients of the account. */
interface InspectedAccount {
  readonly blobs: BlobServiceClient;
  readonly queues: QueueServiceClient;
  readonly table: (name: string) => TableClient;
}

/**
 * Throws `INVALID_OPTIONS` for an invalid key. Errors of the services are thrown unchanged.
 *
 * @param configured - a policy to verify with instead of the key of the request
 */
export async function inspect(
  request: InspectionRequest,
  account: InspectedAccount,
  configured: EncryptionPolicy | null = null,
): Promise<Report> {
  const { subject } = request;
  const policy = configured ?? checkedKey(() => verifyingPolicy(request.key));
  if (subject.kind === 'blob') return blobReport(account.blobs, { ...request, subject }, policy);
  if (subject.kind === 'queue') {
    const client = account.queues.getQueueClient(subject.queue);
    const findings = await inspectQueue({ client, messages: subject.messages, policy });
    return { inspected: { kind: 'queue', account: client.accountName, queue: subject.queue }, findings };
  }
  const { table, partitionKey, rowKey } = subject;
  const finding = await inspectEntity({ client: account.table(table), partitionKey, rowKey, policy });
  return { inspected: { kind: 'entity', table, partitionKey, rowKey }, findings: [finding] };
}

async function blobReport(
  service: BlobServiceClient,
  { nonces, subject }: Pick<InspectionRequest, 'nonces'> & { readonly subject: BlobSubject },
  policy: EncryptionPolicy | null,
): Promise<Report> {
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
function checkedKey<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw error;
    throw new InvalidOptionsError(['the key cannot be used']);
  }
}
