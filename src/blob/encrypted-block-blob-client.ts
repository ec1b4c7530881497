import type { Readable } from 'node:stream';
import type {
  BlobUploadCommonResponse,
  BlockBlobClient,
  BlockBlobParallelUploadOptions,
  BlockBlobUploadOptions,
  BlockBlobUploadStreamOptions,
  HttpRequestBody,
} from '@azure/storage-blob';
import { stat } from 'node:fs/promises';
import { UnsupportedOperationError } from '../errors/input.js';
import { traced } from '../tracing/span.js';
import { bytesOf, type ByteSource, fileSource, type InMemory, isInMemory, streamSource } from '../streams/source.js';
import type { EncryptedOperationOptions } from './blob-context.js';
import { EncryptedBlobReader } from './encrypted-blob-reader.js';
import { uploadBlockBlob, type UploadSource } from './upload.js';

/** Bytes of ciphertext in a block of `uploadStream`, and blocks on their way at once; the SDK's defaults. */
const STREAM_BLOCK_LENGTH = 8 * 1024 * 1024;
const STREAM_CONCURRENCY = 5;

/**
 * An encrypted block blob. Uploads seal the whole content under a content key of its own before anything leaves the process;
 * the blob appears whole or stays as it was. What cannot be encrypted (staging blocks, appending, copying from a URL) is not here.
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
  /** Uploads a body whose length is known. Throws `SOURCE_LENGTH_MISMATCH` if it is not that long; the blob is then untouched. */
  upload(
    body: HttpRequestBody,
    contentLength: number,
    options: BlockBlobUploadOptions & EncryptedOperationOptions = {},
  ): Promise<BlobUploadCommonResponse> {
    return traced('EncryptedBlockBlobClient.upload', options, (traceable) =>
      uploadBlockBlob(this.context, { source: sourceOf(body), length: contentLength }, traceable),
    );
  }

  /**
   * Uploads content that is in memory, several blocks at once. `onProgress` counts bytes of plaintext.
   *
   * @throws `KEY_MISSING`, `KEY_WRAP_FAILED`, `UNSUPPORTED_OPERATION`, `PAYLOAD_TOO_LARGE` (metadata), `INVALID_OPTIONS`: all
   * before any request
   */
  uploadData(
    data: InMemory | Blob,
    options: BlockBlobParallelUploadOptions & EncryptedOperationOptions = {},
  ): Promise<BlobUploadCommonResponse> {
    return traced('EncryptedBlockBlobClient.uploadData', options, (traceable) => {
      const source = isInMemory(data) ? inMemorySource(data) : { source: sourceOf(data), length: data.size };
      return uploadBlockBlob(this.context, source, traceable);
    });
  }

  /** Uploads a file; its length is taken when the upload starts. Errors as {@link EncryptedBlockBlobClient.uploadData}. */
  uploadFile(
    filePath: string,
    options: BlockBlobParallelUploadOptions & EncryptedOperationOptions = {},
  ): Promise<BlobUploadCommonResponse> {
    return traced('EncryptedBlockBlobClient.uploadFile', options, async (traceable) => {
      const { size } = await stat(filePath);
      return uploadBlockBlob(this.context, { source: fileSource(filePath, size), length: size }, traceable);
    });
  }

  /**
   * Uploads a stream of unknown length in constant memory: `bufferSize` times `maxConcurrency + 1` bytes. If the stream fails the
   * blob is untouched.
   */
  uploadStream(
    stream: Readable,
    bufferSize = STREAM_BLOCK_LENGTH,
    maxConcurrency = STREAM_CONCURRENCY,
    options: BlockBlobUploadStreamOptions & EncryptedOperationOptions = {},
  ): Promise<BlobUploadCommonResponse> {
    const blocks = { blockSize: bufferSize, concurrency: maxConcurrency };
    return traced('EncryptedBlockBlobClient.uploadStream', { ...options, ...blocks }, (traceable) =>
      uploadBlockBlob(this.context, { source: streamSource(stream) }, traceable),
    );
  }

  /** The same client for a snapshot of the blob. */
  withSnapshot(snapshot: string): EncryptedBlockBlobClient {
    return new EncryptedBlockBlobClient(
      this.unencryptedClient.withSnapshot(snapshot),
      this.context.policy,
      this.context,
    );
  }

  /** The same client for a version of the blob. */
  withVersion(versionId: string): EncryptedBlockBlobClient {
    const client = this.unencryptedClient.withVersion(versionId).getBlockBlobClient();
    return new EncryptedBlockBlobClient(client, this.context.policy, this.context);
  }
}

function inMemorySource(data: InMemory): UploadSource {
  const bytes = bytesOf(data);
  return { source: [bytes], length: bytes.length };
}

function sourceOf(body: unknown): ByteSource {
  if (typeof body === 'function') return sourceOf((body as () => unknown)());
  if (typeof body === 'string') return [Buffer.from(body, 'utf8')];
  if (isInMemory(body)) return [bytesOf(body)];
  if (body instanceof Blob) return streamSource(body.stream());
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    return streamSource(body as AsyncIterable<unknown>);
  }
  throw new UnsupportedOperationError('This kind of body cannot be encrypted: pass bytes, text, a Blob or a stream');
}
