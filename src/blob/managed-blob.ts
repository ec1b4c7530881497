/** The SDK's methods that change a blob but not its content. None of them loses the encryption data. */
import { inspect, type InspectOptions } from 'node:util';
import type {
  BlobAbortCopyFromURLOptions,
  BlobAbortCopyFromURLResponse,
  BlobClient,
  BlobDeleteIfExistsResponse,
  BlobDeleteImmutabilityPolicyOptions,
  BlobDeleteImmutabilityPolicyResponse,
  BlobDeleteOptions,
  BlobDeleteResponse,
  BlobExistsOptions,
  BlobGenerateSasUrlOptions,
  BlobGetTagsOptions,
  BlobGetTagsResponse,
  BlobHTTPHeaders,
  BlobImmutabilityPolicy,
  BlobLeaseClient,
  BlobSetHTTPHeadersOptions,
  BlobSetHTTPHeadersResponse,
  BlobSetImmutabilityPolicyOptions,
  BlobSetImmutabilityPolicyResponse,
  BlobSetLegalHoldOptions,
  BlobSetLegalHoldResponse,
  BlobSetTagsOptions,
  BlobSetTagsResponse,
  BlobSetTierOptions,
  BlobSetTierResponse,
  BlobUndeleteOptions,
  BlobUndeleteResponse,
  Tags,
} from '@azure/storage-blob';
import { shown } from '../encoding/shown.js';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { traced } from '../tracing/span.js';
import {
  assertChangeable,
  type BlobContext,
  type BlobEnvironment,
  refuseHashes,
  refuseMisplacedConditions,
} from './blob-context.js';
import { beginCopy, type BlobCopy, type CopyOptions } from './copy-blob.js';

/** A blob that can be described, leased, copied and deleted. */
export abstract class ManagedBlob<Client extends BlobClient> {
  /**
   * The plain SDK client of the same blob: its data calls are NOT encrypted, and its `setMetadata` makes the blob unreadable.
   */
  readonly unencryptedClient: Client;
  protected readonly context: BlobContext & { readonly client: Client };

  constructor(client: Client, policy: EncryptionPolicy, environment: BlobEnvironment = {}) {
    this.unencryptedClient = client;
    assertPolicy(policy);
    this.context = { ...environment, client, policy };
  }

  /** Name of the blob in its container. */
  get name(): string {
    return this.unencryptedClient.name;
  }

  /** Name of its container. */
  get containerName(): string {
    return this.unencryptedClient.containerName;
  }

  /** The name alone, for loggers that write JSON: the client of the SDK would show its account key. */
  toJSON(): { readonly name: string; readonly containerName: string } {
    return { name: this.name, containerName: this.containerName };
  }

  /** The same for `console.log` and every logger that uses `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown(this, this.toJSON(), options);
  }

  /** Address of the blob. */
  get url(): string {
    return this.unencryptedClient.url;
  }

  /** Whether the blob exists. */
  exists(options?: BlobExistsOptions): Promise<boolean> {
    return this.unencryptedClient.exists(options);
  }

  /** Deletes the blob. */
  async delete(options?: BlobDeleteOptions): Promise<BlobDeleteResponse> {
    refuseMisplacedConditions(options);
    return this.unencryptedClient.delete(options);
  }

  /** Deletes the blob if it exists. */
  async deleteIfExists(options?: BlobDeleteOptions): Promise<BlobDeleteIfExistsResponse> {
    refuseMisplacedConditions(options);
    return this.unencryptedClient.deleteIfExists(options);
  }

  /** Restores a soft-deleted blob with its encryption data. */
  undelete(options?: BlobUndeleteOptions): Promise<BlobUndeleteResponse> {
    return this.unencryptedClient.undelete(options);
  }

  /**
   * Replaces the headers of the blob: content type, disposition, caching and others. They are not encrypted.
   *
   * @throws `UNSUPPORTED_OPERATION` for `blobContentMD5`, and on a client of a snapshot or version
   */
  async setHTTPHeaders(
    blobHTTPHeaders?: BlobHTTPHeaders,
    options?: BlobSetHTTPHeadersOptions,
  ): Promise<BlobSetHTTPHeadersResponse> {
    refuseHashes({ blobHTTPHeaders });
    refuseMisplacedConditions(options);
    assertChangeable(this.context);
    return this.unencryptedClient.setHTTPHeaders(blobHTTPHeaders, options);
  }

  /** Replaces the tags of the blob. They are not encrypted. */
  async setTags(tags: Tags, options?: BlobSetTagsOptions): Promise<BlobSetTagsResponse> {
    refuseMisplacedConditions(options);
    return this.unencryptedClient.setTags(tags, options);
  }

  /** Returns the tags of the blob. */
  getTags(options?: BlobGetTagsOptions): Promise<BlobGetTagsResponse> {
    return this.unencryptedClient.getTags(options);
  }

  /** Moves the blob to another tier, such as `Cool` or `Archive`. */
  async setAccessTier(
    tier: Parameters<BlobClient['setAccessTier']>[0],
    options?: BlobSetTierOptions,
  ): Promise<BlobSetTierResponse> {
    refuseMisplacedConditions(options);
    return this.unencryptedClient.setAccessTier(tier, options);
  }

  /** Returns a client for the lease of the blob. Pass the lease id as `conditions.leaseId` to uploads and changes. */
  getBlobLeaseClient(proposeLeaseId?: string): BlobLeaseClient {
    return this.unencryptedClient.getBlobLeaseClient(proposeLeaseId);
  }

  /** Sets until when the blob cannot be changed or deleted. Its key cannot be rewrapped until then, so keep the old key. */
  setImmutabilityPolicy(
    immutabilityPolicy: BlobImmutabilityPolicy,
    options?: BlobSetImmutabilityPolicyOptions,
  ): Promise<BlobSetImmutabilityPolicyResponse> {
    return this.unencryptedClient.setImmutabilityPolicy(immutabilityPolicy, options);
  }

  /** Removes an unlocked immutability policy. */
  deleteImmutabilityPolicy(
    options?: BlobDeleteImmutabilityPolicyOptions,
  ): Promise<BlobDeleteImmutabilityPolicyResponse> {
    return this.unencryptedClient.deleteImmutabilityPolicy(options);
  }

  /** Sets or removes a legal hold. While it lasts, the key cannot be rewrapped. */
  setLegalHold(legalHoldEnabled: boolean, options?: BlobSetLegalHoldOptions): Promise<BlobSetLegalHoldResponse> {
    return this.unencryptedClient.setLegalHold(legalHoldEnabled, options);
  }

  /**
   * Returns the address of the blob with a SAS. Anyone who has it gets the CIPHERTEXT and the encryption data, and needs the key
   * to read them; with permission to write, they could replace the blob with plaintext. Needs a client with an account key.
   */
  generateCiphertextSasUrl(options: BlobGenerateSasUrlOptions): Promise<string> {
    return this.unencryptedClient.generateSasUrl(options);
  }

  /**
   * Lets the service copy an encrypted blob onto this one, without decrypting it. The copy keeps the encryption data, even if you
   * pass metadata, and is read with the same key. Takes a request for the properties of the source, and fails with 412 if the
   * source is replaced in the meantime.
   *
   * @returns the SDK's poller
   * @throws `PLAINTEXT_NOT_ALLOWED` if the source is not encrypted and encryption is required; `UNSUPPORTED_OPERATION` on a client of a
   * snapshot or version; `PAYLOAD_TOO_LARGE` if the metadata and the encryption data together have more than 8 KiB
   *
   * @example
   * ```ts
   * import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
   *
   * export async function archive(scans: EncryptedContainerClient, name: string): Promise<void> {
   *   const copy = scans.getBlockBlobClient(`archive/${name}`);
   *   const metadata = { archived: new Date().toISOString() };
   *   const poller = await copy.beginCopyFrom(scans.getBlockBlobClient(name), { metadata, tier: 'Cool' });
   *   await poller.pollUntilDone();
   * }
   * ```
   */
  beginCopyFrom(source: ManagedBlob<BlobClient>, options: CopyOptions = {}): Promise<BlobCopy> {
    return traced('EncryptedBlobClient.beginCopyFrom', options, (traceable) =>
      beginCopy(this.context, source.unencryptedClient, traceable),
    );
  }

  /** Aborts a copy that is in progress. */
  abortCopy(copyId: string, options?: BlobAbortCopyFromURLOptions): Promise<BlobAbortCopyFromURLResponse> {
    return this.unencryptedClient.abortCopyFromURL(copyId, options);
  }
}
