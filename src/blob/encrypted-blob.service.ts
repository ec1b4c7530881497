import type { BlobServiceClient } from '@azure/storage-blob';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import type { BlobEnvironment } from './blob-context.js';
import { EncryptedContainerClient } from './encrypted-container-client.js';

/**
 * The blob service of an account, with encryption. Injectable where `EncryptedStorageModule` is imported; a plain class
 * everywhere else.
 */
export class EncryptedBlobService {
  /** `connect` gives the plain SDK client; it is asked when the client is first used. */
  constructor(
    private readonly connect: () => BlobServiceClient,
    private readonly policy: EncryptionPolicy,
    private readonly environment: BlobEnvironment = {},
  ) {}

  /** The plain SDK client: its data calls are NOT encrypted. */
  get unencryptedServiceClient(): BlobServiceClient {
    return this.connect();
  }

  /** A container by its name; nothing is requested until it is used. */
  getContainerClient(containerName: string): EncryptedContainerClient {
    const client = this.unencryptedServiceClient.getContainerClient(containerName);
    return new EncryptedContainerClient(client, this.policy, this.environment);
  }
}
