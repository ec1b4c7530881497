/** The service's response to a download, as it describes the plaintext. */
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import type { ByteRange, CipherWindow } from '../protocol/protocol.js';
import type { IntegrityTagged } from '../envelope/integrity/integrity-tag.js';
import type { OpenedBlob } from './opened-blob.js';

/** The SDK's response, which describes plaintext here. */
export type EncryptedDownloadResponse = BlobDownloadResponseParsed & IntegrityTagged;

/** Number of plaintext bytes in a download. */
interface PlaintextExtent {
  readonly offset: number;
  readonly count: number;
  /** Number of bytes of the whole plaintext, if it is known without another request. */
  readonly total?: number;
}

/** The response without a body. What describes ciphertext is corrected or left out. */
export async function describedDownload(
  blob: OpenedBlob,
  window: CipherWindow,
  range: ByteRange,
): Promise<EncryptedDownloadResponse> {
  const { offset, count, total } = await extentOf(blob, window, range);
  const isPart = range.offset > 0 || range.count !== undefined;
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

/** If padding hides the length (1.0), the last block is opened first, so that the length is exact before a byte is released. */
async function extentOf(blob: OpenedBlob, window: CipherWindow, { offset }: ByteRange): Promise<PlaintextExtent> {
  const { least, most } = blob.layout.plaintextBounds(blob.stored.storedLength);
  const isKnown = least === most || window.reachesEnd;
  const total = isKnown ? await blob.plaintextLength() : undefined;
  const count = Math.max(0, Math.min(window.take, (total ?? Infinity) - offset));
  return { offset, count, total };
}
