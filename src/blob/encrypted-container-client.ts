import { inspect, type InspectOptions } from 'node:util';
import type {
  BlobBatchDeleteBlobsResponse,
  BlobDeleteOptions,
  BlobDeleteResponse,
  ContainerClient,
  ContainerCreateIfNotExistsResponse,
  ContainerCreateOptions,
  ContainerCreateResponse,
  ContainerDeleteIfExistsResponse,
  ContainerDeleteMethodOptions,
  ContainerDeleteResponse,
  ContainerExistsOptions,
  ContainerFindBlobByTagsOptions,
  ContainerGetPropertiesOptions,
  ContainerGetPropertiesResponse,
  ContainerListBlobsOptions,
} from '@azure/storage-blob';
import { shown } from '../encoding/shown.js';
import type { MaintenanceSource } from '../envelope/maintenance/maintained.js';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { rewrapAll, type RewrapKeysOptions, type RewrapKeysResult } from '../envelope/maintenance/rewrap-all.js';
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
    assertPolicy(policy);
    this.environment = { ...environment, container: unencryptedClient };
  }

  /** Name of the container. */
  get containerName(): string {
    return this.unencryptedClient.containerName;
  }

  /** The name alone, for loggers that write JSON: the client of the SDK would show its account key. */
  toJSON(): { readonly containerName: string } {
    return { containerName: this.containerName };
  }

  /** The same for `console.log` and every logger that uses `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown(this, this.toJSON(), options);
  }

  /** Creates the container. Fails with 409 if it exists. */
  create(options?: ContainerCreateOptions): Promise<ContainerCreateResponse> {
    return this.unencryptedClient.create(options);
  }

  /** Creates the container if it does not exist. */
  createIfNotExists(options?: ContainerCreateOptions): Promise<ContainerCreateIfNotExistsResponse> {
    return this.unencryptedClient.createIfNotExists(options);
  }

  /** Deletes the container and all of its blobs. */
  delete(options?: ContainerDeleteMethodOptions): Promise<ContainerDeleteResponse> {
    return this.unencryptedClient.delete(options);
  }

  /** Deletes the container and all of its blobs, if it exists. */
  deleteIfExists(options?: ContainerDeleteMethodOptions): Promise<ContainerDeleteIfExistsResponse> {
    return this.unencryptedClient.deleteIfExists(options);
  }

  /** Whether the container exists. */
  exists(options?: ContainerExistsOptions): Promise<boolean> {
    return this.unencryptedClient.exists(options);
  }

  /** Returns the properties and the metadata of the container. */
  getProperties(options?: ContainerGetPropertiesOptions): Promise<ContainerGetPropertiesResponse> {
    return this.unencryptedClient.getProperties(options);
  }

  /** Returns a client for a block blob. It sends no request before you use it. */
  getBlockBlobClient(blobName: string): EncryptedBlockBlobClient {
    const client = this.unencryptedClient.getBlockBlobClient(blobName);
    return new EncryptedBlockBlobClient(client, this.policy, this.environment);
  }

  /** Returns a client for a page blob, which is written as a whole and only in protocol 1.0. */
  getPageBlobClient(blobName: string): EncryptedPageBlobClient {
    const client = this.unencryptedClient.getPageBlobClient(blobName);
    return new EncryptedPageBlobClient(client, this.policy, this.environment);
  }

  /** The blobs of this container as a source of {@link runMaintenance}, which rotates keys, encrypts again, and counts. */
  forMaintenance(options?: BlobMaintenanceOptions): MaintenanceSource {
    const { unencryptedClient: container, policy, environment } = this;
    return new MaintainedBlobs({ container, policy, environment }, options);
  }

  /**
   * Rewraps every blob of this container, or those under `prefix`, whose key is in `retire`, in one call. For containers of any
   * size, and to resume, use {@link runMaintenance}. Problems of single blobs are in the result. If the call fails, repeat it: it
   * skips blobs that are already done.
   *
   * @throws `INVALID_OPTIONS`, also if the container keeps old versions and `acceptVersions` is not set; `KEY_WRAP_FAILED`; errors of keys and
   * services that cannot be reached
   */
  rewrapKeys(options: RewrapKeysOptions & BlobMaintenanceOptions): Promise<RewrapKeysResult> {
    const { retire, verify, dryRun, concurrency, abortSignal, ...blobs } = options;
    return rewrapAll(this.forMaintenance(blobs), { retire, verify, dryRun, concurrency, abortSignal });
  }

  /** The SDK's listing. `contentLength` in it is the length of the ciphertext. */
  listBlobsFlat(options?: ContainerListBlobsOptions): ReturnType<ContainerClient['listBlobsFlat']> {
    return this.unencryptedClient.listBlobsFlat(options);
  }

  /** The SDK's listing of one level of names, such as those between two slashes. Lengths are those of ciphertext. */
  listBlobsByHierarchy(
    delimiter: string,
    options?: ContainerListBlobsOptions,
  ): ReturnType<ContainerClient['listBlobsByHierarchy']> {
    return this.unencryptedClient.listBlobsByHierarchy(delimiter, options);
  }

  /** The SDK's search for blobs by their tags, which are not encrypted. */
  findBlobsByTags(
    tagFilterSqlExpression: string,
    options?: ContainerFindBlobByTagsOptions,
  ): ReturnType<ContainerClient['findBlobsByTags']> {
    return this.unencryptedClient.findBlobsByTags(tagFilterSqlExpression, options);
  }

  /** Deletes a blob. */
  deleteBlob(blobName: string, options?: BlobDeleteOptions): Promise<BlobDeleteResponse> {
    return this.unencryptedClient.deleteBlob(blobName, options);
  }

  /** Deletes up to 256 blobs in one request. The response has the outcome of each. */
  deleteBlobs(blobNames: readonly string[], options?: BlobDeleteOptions): Promise<BlobBatchDeleteBlobsResponse> {
    const { unencryptedClient: container } = this;
    const blobs = blobNames.map((name) => container.getBlobClient(name));
    return container.getBlobBatchClient().deleteBlobs(blobs, options);
  }
}
