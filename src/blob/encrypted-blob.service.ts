import type { BlobServiceClient, ServiceListContainersOptions } from '@azure/storage-blob';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { assertConnect } from '../option-rules.js';
import type { BlobEnvironment } from './blob-context.js';
import { EncryptedContainerClient } from './encrypted-container-client.js';

/**
 * The blob service of an account, with encryption. Inject it wherever `EncryptedStorageModule` is imported, or construct it
 * without Nest.
 */
export class EncryptedBlobService {
  /**
   * `connect` returns the plain SDK client. It is called when the client is first used.
   *
   * @throws `INVALID_OPTIONS` if `connect` is not a function, or `policy` is not an object
   */
  constructor(
    private readonly connect: () => BlobServiceClient,
    private readonly policy: EncryptionPolicy,
    private readonly environment: BlobEnvironment = {},
  ) {
    assertConnect(connect, 'connect');
    assertPolicy(policy);
  }

  /** The plain SDK client: its data calls are NOT encrypted. */
  get unencryptedServiceClient(): BlobServiceClient {
    return this.connect();
  }

  /** Returns a client for a container. It sends no request before you use it. */
  getContainerClient(containerName: string): EncryptedContainerClient {
    const client = this.unencryptedServiceClient.getContainerClient(containerName);
    return new EncryptedContainerClient(client, this.policy, this.environment);
  }

  /** The SDK's listing of the containers of the account. */
  listContainers(options?: ServiceListContainersOptions): ReturnType<BlobServiceClient['listContainers']> {
    return this.unencryptedServiceClient.listContainers(options);
  }
}
