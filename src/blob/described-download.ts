/** The service's response to a download, as it describes the plaintext. */
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import type { ByteRange, CipherWindow } from '../protocol/protocol.js';
import type { IntegrityTagged } from '../envelope/integrity/integrity-tag.js';
import type { OpenedBlob } from './opened-blob.js';

/** The SDK's response, which describes plaintext here. */
export type EncryptedDownloadResponse = BlobDownloadResponseParsed & IntegrityTagged;

/** The response without a body. What describes ciphertext is corrected or left out. */
export async function describedDownload(
  blob: OpenedBlob,
  window: CipherWindow,
  range: ByteRange,
): Promise<EncryptedDownloadResponse> {
  const { offset } = range;
  const { least, most } = blob.layout.plaintextBounds(blob.stored.storedLength);
  // if padding hides the length (1.0), the last block is opened first, so that the length is exact before a byte is released
  const total = least === most || window.reachesEnd ? await blob.plaintextLength() : undefined;
  const count = Math.max(0, Math.min(window.take, (total ?? Infinity) - offset));
  const isPart = offset > 0 || range.count !== undefined;
  const own = {
    readableStreamBody: undefined,
    contentLength: count,
    contentRange: isPart && count > 0 ? `bytes ${offset}-${offset + count - 1}/${total ?? '*'}` : undefined,
    contentMD5: undefined,
    contentCrc64: undefined,
    blobContentMD5: undefined,
    integrityTag: blob.integrityTag,
  };
  // the SDK's responses have getters, which a copy would lose
  const described = Object.create(blob.response) as EncryptedDownloadResponse;
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(described, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return described;
}
