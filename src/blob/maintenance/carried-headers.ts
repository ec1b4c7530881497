import type { BlobGetPropertiesResponse, BlobHTTPHeaders } from '@azure/storage-blob';

/** The HTTP headers of a blob that is encrypted again. Omits the stored hash, which describes the plaintext or the old ciphertext. */
export function carriedHeaders(properties: BlobGetPropertiesResponse): BlobHTTPHeaders {
  const { contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl } = properties;
  return {
    ...(contentType === undefined ? {} : { blobContentType: contentType }),
    ...(contentEncoding === undefined ? {} : { blobContentEncoding: contentEncoding }),
    ...(contentLanguage === undefined ? {} : { blobContentLanguage: contentLanguage }),
    ...(contentDisposition === undefined ? {} : { blobContentDisposition: contentDisposition }),
    ...(cacheControl === undefined ? {} : { blobCacheControl: cacheControl }),
  };
}
