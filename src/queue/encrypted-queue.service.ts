import type { QueueServiceClient, ServiceListQueuesOptions } from '@azure/storage-queue';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { assertConnect } from '../option-rules.js';
import { EncryptedQueueClient } from './encrypted-queue-client.js';
import type { EncryptedQueueOptions } from './queue-options.js';

/** The queue service of an account, with encryption. Inject it wherever `EncryptedStorageModule` is imported. */
export class EncryptedQueueService {
  /**
   * `connect` returns the plain SDK client. It is called when the client is first used.
   *
   * @throws `INVALID_OPTIONS` if `connect` is not a function, or `policy` is not an object
   */
  constructor(
    private readonly connect: () => QueueServiceClient,
    private readonly policy: EncryptionPolicy,
    private readonly options: EncryptedQueueOptions = {},
  ) {
    assertConnect(connect, 'connect');
    assertPolicy(policy);
  }

  /** The plain SDK client: its messages are NOT encrypted. */
  get unencryptedServiceClient(): QueueServiceClient {
    return this.connect();
  }

  /** Returns a client for a queue. It sends no request before you use it. */
  getQueueClient<T = unknown>(queueName: string): EncryptedQueueClient<T> {
    return new EncryptedQueueClient(this.unencryptedServiceClient.getQueueClient(queueName), this.policy, this.options);
  }

  /** The SDK's listing of the queues of the account. */
  listQueues(options?: ServiceListQueuesOptions): ReturnType<QueueServiceClient['listQueues']> {
    return this.unencryptedServiceClient.listQueues(options);
  }
}
