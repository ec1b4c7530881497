import type { BlobGetPropertiesResponse, BlobHTTPHeaders } from '@azure/storage-blob';

/** The HTTP headers of a blob that is encrypted again. Omits the stored hash, which describes the plaintext or the old ciphertext. */
export function carriedHeaders(properties: BlobGetPropertiesResponse): BlobHTTPHeaders {
  return {
    blobContentType: properties.contentType,
    blobContentEncoding: properties.contentEncoding,
    blobContentLanguage: properties.contentLanguage,
    blobContentDisposition: properties.contentDisposition,
    blobCacheControl: properties.cacheControl,
  };
}
