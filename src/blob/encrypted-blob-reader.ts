/** The reads, and the safe changes, that every kind of blob has. */
import type {
  BlobClient,
  BlobCreateSnapshotOptions,
  BlobCreateSnapshotResponse,
  BlobDownloadOptions,
  BlobGetPropertiesOptions,
  BlobSetMetadataOptions,
  BlobSetMetadataResponse,
  Metadata,
} from '@azure/storage-blob';
import type { ExpectedTagOptions } from '../envelope/integrity/integrity-tag.js';
import type { RewrapResult } from '../envelope/rewrap.js';
import { traced } from '../tracing/span.js';
import type { EncryptedReadOptions } from './blob-context.js';
import type { EncryptedDownloadResponse } from './described-download.js';
import { downloadStream } from './download.js';
import { downloadToBuffer, type ToBufferOptions } from './download-to-buffer.js';
import { downloadToFile } from './download-to-file.js';
import { ManagedBlob } from './managed-blob.js';
import { createSnapshot, type EncryptedBlobProperties, getProperties, setMetadata } from './metadata.js';
import { rewrapKey, type RewrapKeyOptions } from './rewrap-key.js';

/** Reads one encrypted blob. All offsets, counts and progress are in bytes of plaintext. */
export abstract class EncryptedBlobReader<Client extends BlobClient> extends ManagedBlob<Client> {
  /**
   * Downloads as a stream. `contentLength` and `contentRange` of the response describe plaintext. A range that starts at or after
   * the end is empty. In protocol 2.x a region is released only after its tag has been verified. In 1.0 a blob with integrity
   * entries of up to 8 MiB is verified before any of it is released, and so is a longer one if `integrity` is `'require'`; otherwise
   * the stream of a longer one fails at its end. Ranges of 1.0 cannot be verified.
   *
   * @param offset - first byte of plaintext, default 0
   * @param count - maximum number of bytes of plaintext, default up to the end
   * @throws the errors of the key, `PLAINTEXT_NOT_ALLOWED`, `INVALID_ENCRYPTION_METADATA`, `UNSUPPORTED_PROTOCOL`; from the
   * stream `DECRYPTION_FAILED` and `REGION_OUT_OF_ORDER`; `INTEGRITY_MISSING`, `CONTEXT_MISMATCH`, `STALE_CONTENT`;
   * `UNSUPPORTED_OPERATION` for a range of 1.0 if `integrity` is `'require'`; the service's own errors unchanged (412 if the blob was
   * replaced)
   */
  download(
    offset = 0,
    count?: number,
    options: BlobDownloadOptions & EncryptedReadOptions = {},
  ): Promise<EncryptedDownloadResponse> {
    return traced('EncryptedBlobClient.download', options, (traceable) =>
      downloadStream(this.context, rangeOf(offset, count), traceable),
    );
  }

  /** Downloads into memory, several parts at once. The errors are those of {@link EncryptedBlobReader.download}. */
  downloadToBuffer(offset?: number, count?: number, options?: ToBufferOptions): Promise<Buffer>;
  /** Fills the given buffer and returns the part that was filled. If the download fails, the buffer is wiped. */
  downloadToBuffer(buffer: Buffer, offset?: number, count?: number, options?: ToBufferOptions): Promise<Buffer>;
  downloadToBuffer(
    ...given: [number?, number?, ToBufferOptions?] | [Buffer, number?, number?, ToBufferOptions?]
  ): Promise<Buffer> {
    const [destination, [offset, count, options]] = splitDestination(given);
    const range = { ...rangeOf(offset ?? 0, count), destination };
    return traced('EncryptedBlobClient.downloadToBuffer', options ?? {}, (traceable) =>
      downloadToBuffer(this.context, range, traceable),
    );
  }

  /**
   * Downloads to a file, which appears only when it is complete. The errors are those of {@link EncryptedBlobReader.download}.
   */
  downloadToFile(
    filePath: string,
    offset = 0,
    count?: number,
    options: BlobDownloadOptions & EncryptedReadOptions = {},
  ): Promise<EncryptedDownloadResponse> {
    return traced('EncryptedBlobClient.downloadToFile', options, (traceable) =>
      downloadToFile(this.context, { ...rangeOf(offset, count), path: filePath }, traceable),
    );
  }

  /**
   * For recovery only: downloads content of protocol 2.x whose regions are not in the order in which they were written. Every
   * region is still verified separately, but nothing shows whether one is missing, duplicated or moved: the result is not what
   * was stored.
   */
  downloadMisordered(
    offset = 0,
    count?: number,
    options: BlobDownloadOptions & EncryptedReadOptions = {},
  ): Promise<EncryptedDownloadResponse> {
    return traced('EncryptedBlobClient.downloadMisordered', options, (traceable) =>
      downloadStream(this.context, rangeOf(offset, count), { ...traceable, regionOrder: 'ignored' }),
    );
  }

  /**
   * The SDK's properties, plus `encrypted`, and `plaintextContentLength` and `integrityTag` if they can be determined without the key.
   * Nothing is verified.
   *
   * @throws `STALE_CONTENT` if the blob does not have the `expectedIntegrityTag`
   */
  getProperties(options: BlobGetPropertiesOptions & ExpectedTagOptions = {}): Promise<EncryptedBlobProperties> {
    return traced('EncryptedBlobClient.getProperties', options, (traceable) => getProperties(this.context, traceable));
  }

  /**
   * Replaces your metadata and keeps the encryption data, which `setMetadata` of `unencryptedClient` would lose. If another
   * writer changes the blob in the meantime, it retries up to 8 times, unless you set `conditions.ifMatch`.
   *
   * @throws `UNSUPPORTED_OPERATION` on a client of a snapshot or version, before any request; `PAYLOAD_TOO_LARGE` if the metadata
   * and the encryption data together have more than 8 KiB; the service's errors, such as 412 for a leased blob
   */
  setMetadata(metadata?: Metadata, options: BlobSetMetadataOptions = {}): Promise<BlobSetMetadataResponse> {
    return traced('EncryptedBlobClient.setMetadata', options, (traceable) =>
      setMetadata(this.context, metadata, traceable),
    );
  }

  /**
   * Makes a snapshot that can be read like the blob, even if you pass `metadata` for it.
   *
   * @throws `UNSUPPORTED_OPERATION` on a client of a snapshot or version, before any request
   */
  createSnapshot(options: BlobCreateSnapshotOptions = {}): Promise<BlobCreateSnapshotResponse> {
    return traced('EncryptedBlobClient.createSnapshot', options, (traceable) =>
      createSnapshot(this.context, traceable),
    );
  }

  /**
   * Wraps the content key with the key that the policy writes with. It neither reads nor writes the content, and keeps all other
   * metadata, including the letter case of names. If that key wraps the content key already, nothing changes, unless you set
   * `force`. If another writer changes the blob in the meantime, it retries up to 8 times, unless you set `conditions.ifMatch`.
   *
   * @throws `UNSUPPORTED_OPERATION` for a blob that is not encrypted and, before any request, on a client of a snapshot or
   * version; the errors of both keys; the service's errors, such as 412 for a blob that is leased under another id than
   * `conditions.leaseId`
   *
   * @example
   * ```ts
   * import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
   *
   * export async function rotate(scans: EncryptedContainerClient, name: string, leaseId: string): Promise<boolean> {
   *   const { changed } = await scans.getBlockBlobClient(name).rewrapKey({ conditions: { leaseId } });
   *   return changed;
   * }
   * ```
   */
  rewrapKey(options: RewrapKeyOptions = {}): Promise<RewrapResult> {
    return traced('EncryptedBlobClient.rewrapKey', options, (traceable) => rewrapKey(this.context, traceable));
  }
}

const rangeOf = (offset: number, count: number | undefined): { offset: number; count?: number } =>
  count === undefined ? { offset } : { offset, count };

type RangeArguments = [number?, number?, ToBufferOptions?];

function splitDestination(given: RangeArguments | [Buffer, ...RangeArguments]): [Buffer | undefined, RangeArguments] {
  const [first, ...rest] = given;
  return Buffer.isBuffer(first) ? [first, rest as RangeArguments] : [undefined, given as RangeArguments];
}
