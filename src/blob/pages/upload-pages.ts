/**
 * Uploads of page blobs: whole, in protocol 1.0, without padding. Pages have no commit, so a blob that is replaced is kept in a
 * snapshot until the new content is whole: a failed upload puts it back, and removes a blob that was not there before.
 */
import {
  type BlobUploadCommonResponse,
  type PageBlobClient,
  type PageBlobCreateOptions,
  RestError,
} from '@azure/storage-blob';
import type { BlobContext, EncryptedOperationOptions } from '../blob-context.js';
import { type BlockPlace, SealedUpload, type SizedSource, type UploadSink } from '../sealed-upload.js';
import {
  assertPageBlobLength,
  assertTransferShape,
  type BlockPlan,
  DEFAULT_BLOCK_LENGTH,
  DEFAULT_CONCURRENCY,
} from '../transfer-shape.js';

const CONFLICT = 409;

/** Options of an upload of pages: the SDK's own for the creation of the blob, and these. */
export interface PageUploadOptions extends PageBlobCreateOptions, EncryptedOperationOptions {
  /**
   * Requests of 4 MiB under way at once.
   *
   * @defaultValue 5
   */
  readonly concurrency?: number;
  /** Told of the bytes of plaintext that are stored. */
  readonly onProgress?: (progress: { loadedBytes: number }) => void;
}

export interface PageBlobContext extends BlobContext {
  readonly client: PageBlobClient;
}

export async function uploadPageBlob(
  context: PageBlobContext,
  { source, length }: SizedSource,
  options: PageUploadOptions,
): Promise<BlobUploadCommonResponse> {
  assertTransferShape(options);
  assertPageBlobLength(length);
  const upload = await SealedUpload.prepare(context, 'pages', options);

  const { keyEncryptionKey: _key, concurrency: _concurrency, onProgress: _progress, ...createOptions } = options;
  const previous = await keepPrevious(context.client, options);
  const response = await context.client.create(length, { ...createOptions, metadata: upload.metadataAtEnd() });
  try {
    await upload.run({ source, length }, new PageSink(context.client, options));
  } catch (error) {
    await putBack(context.client, previous, options);
    throw error;
  }
  await previous?.delete({ tracingOptions: options.tracingOptions });
  return response;
}

class PageSink implements UploadSink<void> {
  readonly plan: BlockPlan;

  constructor(
    private readonly client: PageBlobClient,
    private readonly options: PageUploadOptions,
  ) {
    this.plan = { blockLength: DEFAULT_BLOCK_LENGTH, concurrency: options.concurrency ?? DEFAULT_CONCURRENCY };
  }

  async send(block: Buffer, { offset }: Pick<BlockPlace, 'offset'>): Promise<void> {
    const { abortSignal, tracingOptions, customerProvidedKey, encryptionScope, conditions } = this.options;
    const leaseId = conditions?.leaseId;
    await this.client.uploadPages(block, offset, block.length, {
      ...{ abortSignal, tracingOptions, customerProvidedKey, encryptionScope },
      ...(leaseId === undefined ? {} : { conditions: { leaseId } }),
    });
  }

  async commit(whole: Buffer | null): Promise<void> {
    if (whole !== null && whole.length > 0) await this.send(whole, { offset: 0 });
  }
}

/** A snapshot of the blob that is about to be replaced, or `null` if there is none. */
async function keepPrevious(client: PageBlobClient, options: PageUploadOptions): Promise<PageBlobClient | null> {
  if (!(await client.exists({ abortSignal: options.abortSignal, tracingOptions: options.tracingOptions }))) return null;
  try {
    const { snapshot } = await client.createSnapshot({
      abortSignal: options.abortSignal,
      tracingOptions: options.tracingOptions,
      conditions: options.conditions,
    });
    return snapshot === undefined ? null : client.withSnapshot(snapshot);
  } catch (error) {
    // a blob that its conditions protect is refused by the create that follows, in the service's own words
    if (error instanceof RestError && (error.statusCode === CONFLICT || error.statusCode === 412)) return null;
    throw error;
  }
}

/** Not under the caller's abort signal: an aborted upload must still be cleaned up. */
async function putBack(
  client: PageBlobClient,
  previous: PageBlobClient | null,
  options: PageUploadOptions,
): Promise<void> {
  const leaseId = options.conditions?.leaseId;
  const conditions = leaseId === undefined ? {} : { leaseId };
  const { tracingOptions } = options;
  if (previous === null) {
    await client.deleteIfExists({ conditions, tracingOptions });
    return;
  }
  const copy = await client.beginCopyFromURL(previous.url, { conditions, tracingOptions });
  await copy.pollUntilDone();
  await previous.delete({ tracingOptions });
}
