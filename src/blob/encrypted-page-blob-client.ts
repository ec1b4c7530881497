import type { Readable } from 'node:stream';
import type { PageBlobClient } from '@azure/storage-blob';
import { traced } from '../tracing/span.js';
import type { ContentInput } from '../encoding/content-bytes.js';
import type { EncryptedUploadResponse } from './sealed-upload.js';
import { EncryptedBlobReader } from './encrypted-blob-reader.js';
import { type PageUploadOptions, uploadPageBlob } from './pages/upload-pages.js';
import { uploadInMemory, uploadStreamed } from './upload-body.js';

/**
 * An encrypted page blob, written as a whole. No SDK defines page blobs in a protocol other than 1.0, so writing under 2.x is
 * rejected. Reading works under every policy. Lengths are multiples of 512 bytes; nothing is padded.
 *
 * Readers get the content before an upload, the content after it, or `UPLOAD_UNFINISHED`. An existing blob is kept in a snapshot
 * until the new one is complete, and is restored if the upload fails.
 */
export class EncryptedPageBlobClient extends EncryptedBlobReader<PageBlobClient> {
  /**
   * Uploads content from memory.
   *
   * @throws `INVALID_OPTIONS` for a length that is not a multiple of 512, `UNSUPPORTED_OPERATION` under 2.x and on a client of a
   * snapshot: before any request
   */
  uploadData(data: ContentInput, options: PageUploadOptions = {}): Promise<EncryptedUploadResponse> {
    return traced('EncryptedPageBlobClient.uploadData', options, (traceable) =>
      uploadInMemory(data, (content) => uploadPageBlob(this.context, content, traceable)),
    );
  }

  /** Uploads a stream of known length. Throws `SOURCE_LENGTH_MISMATCH` if its length is different. */
  uploadStream(
    stream: Readable,
    contentLength: number,
    options: PageUploadOptions = {},
  ): Promise<EncryptedUploadResponse> {
    return traced('EncryptedPageBlobClient.uploadStream', options, (traceable) =>
      uploadStreamed(stream, (source) => uploadPageBlob(this.context, { source, length: contentLength }, traceable)),
    );
  }

  /** Returns the same client for a snapshot of the blob. */
  withSnapshot(snapshot: string): EncryptedPageBlobClient {
    return new EncryptedPageBlobClient(
      this.unencryptedClient.withSnapshot(snapshot),
      this.context.policy,
      this.context,
    );
  }
}
