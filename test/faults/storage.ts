/** Clients of the package over real SDK clients, through a proxy or directly. */
import { createHash } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  EncryptedQueueService,
  EncryptedTableService,
  type EncryptionPolicy,
  KeyRing,
  type ProtocolVersion,
} from 'nestjs-azure-encrypted-storage';

/** One name for the container, the queues' prefix and the table of a run. */
export const CONTAINER = 'faults';
export const TABLE = 'Faults';

/** Short waits between the SDKs' own retries. */
const RETRIES = { maxTries: 3, retryDelayInMs: 4, maxRetryDelayInMs: 20 };

const keyOf = (keyId: string): AesKeyEncryptionKey =>
  AesKeyEncryptionKey.fromBase64(keyId, createHash('sha256').update(keyId).digest('base64'));

/** The key for writes, and the key for rewraps. All processes of a run share them. */
export const KEY = keyOf('faults-1');
export const NEXT_KEY = keyOf('faults-2');
const keys = new KeyRing([KEY, NEXT_KEY]);

/** Regions of 2.1 that are small enough for a few hundred KiB to contain many. */
export const REGION_LENGTH = 16 * 1024;

export const policyOf = (protocol: ProtocolVersion): EncryptionPolicy => ({
  protocol,
  ...(protocol === '2.1' ? { regionLength: REGION_LENGTH } : {}),
  keyEncryptionKey: KEY,
  keyResolver: keys.resolve,
  // the rounds of all versions share queues
  readProtocols: ['1.0', '2.0', '2.1'],
  requireEncryption: true,
});

/** The three services of an account under one connection string. */
export class Storage {
  readonly #blobs: BlobServiceClient;
  readonly #queues: QueueServiceClient;
  readonly #tables = new Map<string, TableClient>();

  constructor(private readonly connectionString: string) {
    this.#blobs = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: RETRIES });
    this.#queues = QueueServiceClient.fromConnectionString(connectionString, { retryOptions: RETRIES });
  }

  blobs(policy: EncryptionPolicy): EncryptedBlobService {
    return new EncryptedBlobService(() => this.#blobs, policy);
  }

  queues(policy: EncryptionPolicy): EncryptedQueueService {
    return new EncryptedQueueService(() => this.#queues, policy);
  }

  tables(policy: EncryptionPolicy): EncryptedTableService {
    return new EncryptedTableService((name) => this.#table(name), policy);
  }

  /** What the tests of a run share. */
  async create(): Promise<void> {
    await this.#blobs.getContainerClient(CONTAINER).createIfNotExists();
    await this.#table(TABLE).createTable();
  }

  #table(name: string): TableClient {
    const client =
      this.#tables.get(name) ??
      TableClient.fromConnectionString(this.connectionString, name, {
        allowInsecureConnection: true,
        retryOptions: { maxRetries: RETRIES.maxTries - 1, retryDelayInMs: 4, maxRetryDelayInMs: 20 },
      });
    this.#tables.set(name, client);
    return client;
  }
}
