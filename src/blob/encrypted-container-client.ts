import type {
  ContainerClient,
  ContainerCreateIfNotExistsResponse,
  ContainerCreateOptions,
  ContainerDeleteIfExistsResponse,
  ContainerDeleteMethodOptions,
  ContainerListBlobsOptions,
} from '@azure/storage-blob';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import type { BlobEnvironment } from './blob-context.js';
import { EncryptedBlockBlobClient } from './encrypted-block-blob-client.js';
import { EncryptedPageBlobClient } from './encrypted-page-blob-client.js';
import type { BlobMaintenanceOptions } from './maintenance/blob-maintenance-options.js';
import { MaintainedBlobs } from './maintenance/maintained-blobs.js';

/** A container whose blobs are encrypted under one policy. */
export class EncryptedContainerClient {
  private readonly environment: BlobEnvironment;

  constructor(
    /** The plain SDK client of the same container: its data calls are NOT encrypted. */
    readonly unencryptedClient: ContainerClient,
    private readonly policy: EncryptionPolicy,
    environment: BlobEnvironment = {},
  ) {
    this.environment = { ...environment, container: unencryptedClient };
  }

  /** Name of the container. */
  get containerName(): string {
    return this.unencryptedClient.containerName;
  }

  /** Creates the container unless it is there. */
  createIfNotExists(options?: ContainerCreateOptions): Promise<ContainerCreateIfNotExistsResponse> {
    return this.unencryptedClient.createIfNotExists(options);
  }

  /** Deletes the container with everything in it, if it is there. */
  deleteIfExists(options?: ContainerDeleteMethodOptions): Promise<ContainerDeleteIfExistsResponse> {
    return this.unencryptedClient.deleteIfExists(options);
  }

  /** Whether the container is there. */
  exists(): Promise<boolean> {
    return this.unencryptedClient.exists();
  }

  /** A block blob by its name; nothing is requested until it is used. */
  getBlockBlobClient(blobName: string): EncryptedBlockBlobClient {
    const client = this.unencryptedClient.getBlockBlobClient(blobName);
    return new EncryptedBlockBlobClient(client, this.policy, this.environment);
  }

  /** Whole page blobs, written in protocol 1.0 only. */
  getPageBlobClient(blobName: string): EncryptedPageBlobClient {
    const client = this.unencryptedClient.getPageBlobClient(blobName);
    return new EncryptedPageBlobClient(client, this.policy, this.environment);
  }

  /** The blobs of this container as a source of {@link runMaintenance}, which rotates keys, encrypts again, and counts. */
  forMaintenance(options?: BlobMaintenanceOptions): MaintainedBlobs {
    const { unencryptedClient: container, policy, environment } = this;
    return new MaintainedBlobs({ container, policy, environment }, options);
  }

  /** The SDK's listing; `contentLength` in it is that of the ciphertext. */
  listBlobsFlat(options?: ContainerListBlobsOptions): ReturnType<ContainerClient['listBlobsFlat']> {
    return this.unencryptedClient.listBlobsFlat(options);
  }
}
