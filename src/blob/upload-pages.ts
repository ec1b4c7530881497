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
import { createEnvelope, type Envelope } from '../envelope/envelope.js';
import { InvalidOptionsError } from '../errors/input.js';
import type { ByteSource } from '../streams/source.js';
import { withEncryptionData } from '../wire/blob-metadata.js';
import { formatEncryptionData } from '../wire/encryption-data.js';
import {
  assertMetadataFits,
  assertTransferShape,
  type BlobContext,
  type EncryptedOperationOptions,
  keyOperation,
  refuseHashes,
  targetOf,
} from './blob-context.js';
import { blockSealing } from './block-sealing.js';
import { sealContent } from './seal-content.js';
import { SealedBlocks } from './sealed-blocks.js';
import { DEFAULT_BLOCK_LENGTH, DEFAULT_CONCURRENCY } from './upload.js';

/** Bytes of a page. */
const PAGE_LENGTH = 512;
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
  content: { readonly source: ByteSource; readonly length: number },
  options: PageUploadOptions,
): Promise<BlobUploadCommonResponse> {
  refuseHashes(options);
  assertTransferShape(options);
  if (!Number.isSafeInteger(content.length) || content.length < 0 || content.length % PAGE_LENGTH !== 0) {
    throw new InvalidOptionsError([`a page blob holds a multiple of ${PAGE_LENGTH} bytes, not ${content.length}`]);
  }
  const envelope = await createEnvelope(context.policy, {
    target: targetOf(context),
    form: 'pages',
    operation: keyOperation(options),
    ...(options.keyEncryptionKey === undefined ? {} : { keyEncryptionKey: options.keyEncryptionKey }),
  });
  const metadata = withEncryptionData(options.metadata, formatEncryptionData(envelope.encryptionData, 'blob'));
  assertMetadataFits(metadata);

  const { keyEncryptionKey: _key, concurrency: _concurrency, onProgress: _progress, ...createOptions } = options;
  const previous = await keepPrevious(context.client, options);
  const response = await context.client.create(content.length, { ...createOptions, metadata });
  try {
    await writePages(context, { ...content, envelope }, options);
  } catch (error) {
    await putBack(context.client, previous, options);
    throw error;
  }
  await previous?.delete({ tracingOptions: options.tracingOptions });
  return response;
}

interface PageContent {
  readonly source: ByteSource;
  readonly length: number;
  readonly envelope: Envelope;
}

async function writePages(
  { client, threads }: PageBlobContext,
  { source, length, envelope }: PageContent,
  options: PageUploadOptions,
): Promise<void> {
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  const sealing = blockSealing(envelope.sealer, { threads, isLarge: length > DEFAULT_BLOCK_LENGTH });
  const send = pageSender(client, options);
  const blocks = new SealedBlocks({
    blockLength: DEFAULT_BLOCK_LENGTH,
    concurrency,
    complete: (block) => sealing.complete(block),
    send,
  });
  try {
    await sealContent({
      ...{ source, sealing, blocks },
      expectedLength: length,
      onTaken: () => undefined,
      protocol: envelope.encryptionData.protocol,
      operation: keyOperation(options),
    });
    await blocks.finish();
  } finally {
    await blocks.settle();
    sealing.close();
  }
}

function pageSender(
  client: PageBlobClient,
  options: PageUploadOptions,
): (block: Buffer, index: number) => Promise<void> {
  const { abortSignal, tracingOptions, customerProvidedKey, encryptionScope, conditions } = options;
  const leaseId = conditions?.leaseId;
  let loadedBytes = 0;
  return async (block, index) => {
    await client.uploadPages(block, index * DEFAULT_BLOCK_LENGTH, block.length, {
      ...{ abortSignal, tracingOptions, customerProvidedKey, encryptionScope },
      ...(leaseId === undefined ? {} : { conditions: { leaseId } }),
    });
    loadedBytes += block.length;
    options.onProgress?.({ loadedBytes });
  };
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
