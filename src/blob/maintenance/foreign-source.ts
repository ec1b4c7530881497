import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';

/** A blob without encryption data of this package, as a {@link ForeignSource} gets it. */
export interface ForeignBlob {
  readonly name: string;
  /** Metadata, with names in the letter case that is stored. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Content type, length, ETag and the rest. */
  readonly properties: BlobGetPropertiesResponse;
  /** Opens the stored bytes of exactly this state of the blob: if another writer changes it, the stream fails. */
  readonly content: () => Promise<Readable>;
}

/** What a {@link ForeignSource} read. */
export interface ForeignContent {
  readonly content: Uint8Array | Readable;
  /** Number of bytes of content; needed for a stream. If it returns more or fewer, nothing is stored. */
  readonly length?: number;
  /** All metadata that the blob should keep. Leave out what belonged to the other format. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads blobs that another program encrypted in its own format, so that a job can encrypt them again in the format of this
 * package: see `foreign` of {@link ReencryptChoice}.
 *
 * @example
 * ```ts
 * import { buffer } from 'node:stream/consumers';
 * import type { ForeignSource } from 'nestjs-azure-encrypted-storage';
 *
 * declare function openArchive(sealed: Buffer, nonce: string): Buffer;
 *
 * export const archive: ForeignSource = {
 *   async read({ metadata, content }) {
 *     const { archivenonce, ...kept } = metadata;
 *     if (archivenonce === undefined) return null;
 *     return { content: openArchive(await buffer(await content()), archivenonce), metadata: kept };
 *   },
 * };
 * ```
 */
export interface ForeignSource {
  /**
   * Returns the content in plaintext and the metadata to keep, or `null` for a blob that is not in this format.
   *
   * If it throws, or its stream fails, the blob is not changed, and is reported as `damaged` with `FOREIGN_SOURCE_FAILED`. Errors
   * of this package keep their codes: throw `KeyUnavailableError` to make the job wait and ask again. If it returns the stored
   * bytes unchanged, nothing is stored either, and the blob is reported as `refused` with `FOREIGN_SOURCE_UNCHANGED`: return
   * `null` for a blob that needs no opening. The function may be called several times for a blob, and in a dry run.
   */
  read(blob: ForeignBlob): Promise<ForeignContent | null>;
}
