import type { BlobServiceClient } from '@azure/storage-blob';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
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
  ) {}

  /** The plain SDK client: its data calls are NOT encrypted. */
  get unencryptedServiceClient(): BlobServiceClient {
    return this.connect();
  }

  getContainerClient(containerName: string): EncryptedContainerClient {
    return new EncryptedContainerClient(this.unencryptedServiceClient.getContainerClient(containerName), this.policy);
  }
}
