import type { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { EncryptedQueueClient } from './encrypted-queue-client.js';
import type { EncryptedQueueOptions } from './queue-options.js';

/** The queue service of an account, with encryption. Injectable where `EncryptedStorageModule` is imported. */
export class EncryptedQueueService {
  /** `connect` gives the plain SDK client; it is asked when the client is first used. */
  constructor(
    private readonly connect: () => QueueServiceClient,
    private readonly policy: EncryptionPolicy,
    private readonly options: EncryptedQueueOptions = {},
  ) {}

  /** The plain SDK client: its messages are NOT encrypted. */
  get unencryptedServiceClient(): QueueServiceClient {
    return this.connect();
  }

  /** A queue by its name; nothing is requested until it is used. */
  getQueueClient(queueName: string): EncryptedQueueClient {
    return new EncryptedQueueClient(this.unencryptedServiceClient.getQueueClient(queueName), this.policy, this.options);
  }
}
