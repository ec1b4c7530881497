/** How a blob is described: what one that is encrypted again keeps of the old one, and whether two are described alike. */
import type { BlobClient, BlobGetPropertiesResponse, BlobHTTPHeaders, Tags } from '@azure/storage-blob';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, ObjectResultError } from '../../envelope/maintenance/outcome.js';
import { isForbidden, serviceCodeOf } from '../../service-errors.js';
import { withoutEncryptionData } from '../../wire/blob-metadata.js';
import { unmarked } from '../pages/kept-content.js';

/** Omits the stored hash, which describes the plaintext or the old ciphertext. */
const carriedHeaders = (properties: BlobGetPropertiesResponse): BlobHTTPHeaders => ({
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

/**
 * The result of a blob with an expiry time (`x-ms-expiry-time`, in accounts with a hierarchical namespace). The SDK cannot set it for the new
 * content, which would then never be deleted.
 */
export const EXPIRY_TIME: ObjectResult = { outcome: 'refused', code: 'EXPIRY_TIME' };

const TAGS_FORBIDDEN: ObjectResult = { outcome: 'refused', code: 'TAGS_FORBIDDEN' };

/** A blob, snapshot or version, with its properties. */
interface DescribedBlob {
  readonly client: BlobClient;
  readonly properties: BlobGetPropertiesResponse;
}

/** `undefined` for none, which takes no request. Without permission to read them, the blob stays as it is: they would be lost. */
export async function tagsOf({ client, properties }: DescribedBlob, step: Step): Promise<Tags | undefined> {
  const { tagCount = 0 } = properties;
  if (tagCount === 0) return undefined;
  await step.beforeRequest();
  try {
    return (await client.getTags(callOptions(step))).tags;
  } catch (cause) {
    throw mayConcernTags(cause) ? new ObjectResultError(TAGS_FORBIDDEN, { cause }) : cause;
  }
}

/** An expired or wrong credential has the status 403 too, but then no other request will succeed. */
const mayConcernTags = (error: unknown): boolean =>
  isForbidden(error) && serviceCodeOf(error) !== 'AuthenticationFailed';

/** The error of a write with these tags. If it may concern the permission to write tags, other blobs can still be written. */
export const tagsWriteError = (error: unknown, tags: Tags | undefined): unknown =>
  tags !== undefined && mayConcernTags(error) ? new ObjectResultError(TAGS_FORBIDDEN, { cause: error }) : error;

/** Whether two states of a blob have the same metadata, tags and HTTP headers, apart from what encryption adds. */
export async function isDescribedAlike(one: DescribedBlob, other: DescribedBlob, step: Step): Promise<boolean> {
  if (textOf(one.properties) !== textOf(other.properties)) return false;
  return sorted(await tagsOf(one, step)) === sorted(await tagsOf(other, step));
}

const sorted = (members: object = {}): string => JSON.stringify(Object.entries(members).sort());

function textOf(properties: BlobGetPropertiesResponse): string {
  const metadata = unmarked(withoutEncryptionData(properties.metadata));
  return JSON.stringify([sorted(metadata), sorted(carriedHeaders(properties))]);
}
