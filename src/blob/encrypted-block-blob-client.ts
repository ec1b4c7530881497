import type { Readable } from 'node:stream';
import type {
  BlockBlobClient,
  BlockBlobParallelUploadOptions,
  BlockBlobUploadOptions,
  BlockBlobUploadStreamOptions,
  HttpRequestBody,
} from '@azure/storage-blob';
import { stat } from 'node:fs/promises';
import type { ContentInput } from '../encoding/content-bytes.js';
import { traced } from '../tracing/span.js';
import { fileSource } from '../streams/file-source.js';
import type { EncryptedOperationOptions } from './blob-context.js';
import type { EncryptedUploadResponse } from './sealed-upload.js';
import { EncryptedBlobReader } from './encrypted-blob-reader.js';
import { uploadBlockBlob } from './upload-blocks.js';
import { uploadBody, uploadInMemory, uploadStreamed } from './upload-body.js';

/** Number of ciphertext bytes in a block of `uploadStream`, and of concurrent blocks; the SDK's defaults. */
const STREAM_BLOCK_LENGTH = 8 * 1024 * 1024;
const STREAM_CONCURRENCY = 5;

/**
 * An encrypted block blob. Uploads seal the whole content under its own content key before anything leaves the process. The blob
 * appears complete or stays unchanged. There are no methods for what cannot be encrypted: staging blocks, appending, copying from
 * a URL.
 *
 * @example
 * ```ts
 * import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
 *
 * export async function keep(scans: EncryptedContainerClient, content: Buffer): Promise<Buffer> {
 *   const scan = scans.getBlockBlobClient('scan-1');
 *   await scan.uploadData(content, { blobHTTPHeaders: { blobContentType: 'image/png' } });
 *   return scan.downloadToBuffer();
 * }
 * ```
 */
export class EncryptedBlockBlobClient extends EncryptedBlobReader<BlockBlobClient> {
  /**
   * Uploads a body of known length: bytes, text, a `Blob`, a stream, or a function that returns one.
   *
   * @param contentLength - bytes of plaintext; for text, the bytes of its UTF-8
   * @throws `SOURCE_LENGTH_MISMATCH` if the length is different, `SOURCE_CONSUMED` for a stream that has already been read,
   * `UNSUPPORTED_VALUE` for a body of another type. The blob is then unchanged. Otherwise as {@link
   * EncryptedBlockBlobClient.uploadData}.
   */
  upload(
    body: HttpRequestBody,
    contentLength: number,
    options: BlockBlobUploadOptions & EncryptedOperationOptions = {},
  ): Promise<EncryptedUploadResponse> {
    return traced('EncryptedBlockBlobClient.upload', options, (traceable) =>
      uploadBody(body, contentLength, (content) => uploadBlockBlob(this.context, content, traceable)),
    );
  }

  /**
   * Uploads content from memory, several blocks at once: text (stored as UTF-8), bytes or a `Blob`. `onProgress` counts bytes of
   * plaintext.
   *
   * @throws `UNSUPPORTED_VALUE` (another type, or text with a lone surrogate), `KEY_MISSING`, `KEY_WRAP_FAILED`,
   * `UNSUPPORTED_OPERATION` (also on a client of a snapshot or version), `PAYLOAD_TOO_LARGE` (metadata, or more blocks than a
   * blob may have), `INVALID_OPTIONS`; all before any request
   */
  uploadData(
    data: ContentInput | Blob,
    options: BlockBlobParallelUploadOptions & EncryptedOperationOptions = {},
  ): Promise<EncryptedUploadResponse> {
    return traced('EncryptedBlockBlobClient.uploadData', options, (traceable) =>
      uploadInMemory(data, (content) => uploadBlockBlob(this.context, content, traceable)),
    );
  }

  /** Uploads a file. Its length is read when the upload starts. Errors as in {@link EncryptedBlockBlobClient.uploadData}. */
  uploadFile(
    filePath: string,
    options: BlockBlobParallelUploadOptions & EncryptedOperationOptions = {},
  ): Promise<EncryptedUploadResponse> {
    return traced('EncryptedBlockBlobClient.uploadFile', options, async (traceable) => {
      const { size } = await stat(filePath);
      return uploadBlockBlob(this.context, { source: fileSource(filePath, size), length: size }, traceable);
    });
  }

  /**
   * Uploads a stream of unknown length in constant memory: `bufferSize` times `maxConcurrency + 1` bytes. If the stream fails,
   * the blob is unchanged.
   *
   * @throws `SOURCE_CONSUMED` if the stream has already been read, even in part, or was destroyed; before any request. A fresh
   * stream without content is stored as an empty blob.
   */
  uploadStream(
    stream: Readable,
    bufferSize = STREAM_BLOCK_LENGTH,
    maxConcurrency = STREAM_CONCURRENCY,
    options: BlockBlobUploadStreamOptions & EncryptedOperationOptions = {},
  ): Promise<EncryptedUploadResponse> {
    const blocks = { blockSize: bufferSize, concurrency: maxConcurrency };
    return traced('EncryptedBlockBlobClient.uploadStream', { ...options, ...blocks }, (traceable) =>
      uploadStreamed(stream, (source) => uploadBlockBlob(this.context, { source }, traceable)),
    );
  }

  /** Returns the same client for a snapshot of the blob. */
  withSnapshot(snapshot: string): EncryptedBlockBlobClient {
    return new EncryptedBlockBlobClient(
      this.unencryptedClient.withSnapshot(snapshot),
      this.context.policy,
      this.context,
    );
  }

  /** Returns the same client for a version of the blob. */
  withVersion(versionId: string): EncryptedBlockBlobClient {
    const client = this.unencryptedClient.withVersion(versionId).getBlockBlobClient();
    return new EncryptedBlockBlobClient(client, this.context.policy, this.context);
  }
}
