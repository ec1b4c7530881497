import type { BlobServiceClient } from '@azure/storage-blob';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { EncryptedContainerClient } from './encrypted-container-client.js';

/**
 * The blob service of an account, with encryption. Injectable where `EncryptedStorageModule` is imported; a plain class
 * everywhere else.
 */
export class EncryptedBlobService {
  constructor(
    /** The plain SDK client: its data calls are NOT encrypted. */
    readonly unencryptedServiceClient: BlobServiceClient,
    private readonly policy: EncryptionPolicy,
  ) {}

  getContainerClient(containerName: string): EncryptedContainerClient {
    return new EncryptedContainerClient(this.unencryptedServiceClient.getContainerClient(containerName), this.policy);
  }
}
