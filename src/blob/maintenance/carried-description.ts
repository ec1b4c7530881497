/** What a blob that is encrypted again keeps of the old one, apart from content and metadata. */
import type { BlobClient, BlobGetPropertiesResponse, BlobHTTPHeaders, Tags } from '@azure/storage-blob';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';

/** Omits the stored hash, which describes the plaintext or the old ciphertext. */
export const carriedHeaders = (properties: BlobGetPropertiesResponse): BlobHTTPHeaders => ({
  blobContentType: properties.contentType,
  blobContentEncoding: properties.contentEncoding,
  blobContentLanguage: properties.contentLanguage,
  blobContentDisposition: properties.contentDisposition,
  blobCacheControl: properties.cacheControl,
});

/** As options of an upload. */
export const carriedDescription = (properties: BlobGetPropertiesResponse) => ({
  blobHTTPHeaders: carriedHeaders(properties),
  tier: properties.accessTierInferred === true ? undefined : properties.accessTier,
  encryptionScope: properties.encryptionScope,
});

/** A blob, snapshot or version, with its properties. */
export interface DescribedBlob {
  readonly client: BlobClient;
  readonly properties: BlobGetPropertiesResponse;
}

/** `undefined` for none, which takes no request. */
export async function tagsOf({ client, properties }: DescribedBlob, step: Step): Promise<Tags | undefined> {
  const { tagCount = 0 } = properties;
  if (tagCount === 0) return undefined;
  await step.beforeRequest();
  return (await client.getTags(callOptions(step))).tags;
}
