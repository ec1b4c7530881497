/**
 * Uploads of block blobs: source -> sealer -> blocks -> Put Block List, or one Put Blob if everything fits into a block. The
 * encryption data is sent with the request that makes the content visible, so a blob is complete and readable, or unchanged.
 */
import type { BlobUploadCommonResponse, BlockBlobClient, BlockBlobUploadOptions } from '@azure/storage-blob';
import { uniqueId } from '../crypto/bytes.js';
import { expectedLayout } from '../envelope/envelope.js';
import { assertChangeable, type BlobContext, type EncryptedOperationOptions } from './blob-context.js';
import {
  type BlockPlace,
  type EncryptedUploadResponse,
  SealedUpload,
  type UploadSink,
  type UploadSource,
} from './sealed-upload.js';
import { assertTransferShape, type BlockPlan, blockPlan, blocksTooMany, MAX_BLOCKS } from './transfer-shape.js';

export interface UploadOptions extends BlockBlobUploadOptions, EncryptedOperationOptions {
  readonly blockSize?: number;
  readonly concurrency?: number;
  readonly maxSingleShotSize?: number;
}

export interface BlockBlobContext extends BlobContext {
  readonly client: BlockBlobClient;
}

/** Uploads a whole block blob. The source is read only after the content key has been wrapped. */
export async function uploadBlockBlob(
  context: BlockBlobContext,
  content: UploadSource,
  options: UploadOptions,
): Promise<EncryptedUploadResponse> {
  assertChangeable(context);
  assertTransferShape(options);
  const plan = blockPlan(options, ciphertextLength(context, content));
  const upload = await SealedUpload.prepare(context, 'stream', options);
  return upload.run(content, new BlockSink(context.client, plan, { upload, options }));
}

function ciphertextLength({ policy }: BlobContext, { length }: UploadSource): number | undefined {
  return length === undefined ? undefined : expectedLayout(policy, 'stream').ciphertextLength(length);
}

interface BlockUpload {
  readonly upload: SealedUpload;
  readonly options: UploadOptions;
}

export class BlockSink implements UploadSink<BlobUploadCommonResponse> {
  private readonly idPrefix = uniqueId();
  private readonly ids: string[] = [];

  constructor(
    private readonly client: BlockBlobClient,
    readonly plan: BlockPlan,
    private readonly given: BlockUpload,
  ) {}

  async send(block: Buffer, { index, offset }: BlockPlace): Promise<void> {
    if (index >= MAX_BLOCKS) throw blocksTooMany(offset, offset + block.length);
    const id = blockId(this.idPrefix, index);
    this.ids[index] = id;
    const { abortSignal, tracingOptions, conditions, customerProvidedKey, encryptionScope } = this.given.options;
    const { contentChecksumAlgorithm } = this.given.options;
    await this.client.stageBlock(id, block, block.length, {
      abortSignal,
      tracingOptions,
      customerProvidedKey,
      encryptionScope,
      conditions: { leaseId: conditions?.leaseId },
      contentChecksumAlgorithm,
    });
  }

  commit(whole: Buffer | null): Promise<BlobUploadCommonResponse> {
    const options = { ...this.passedOn(), metadata: this.given.upload.metadataAtEnd() };
    if (whole === null) return this.client.commitBlockList(this.ids, options);
    return this.client.upload(whole, whole.length, options);
  }

  /** The caller's options for the request that creates the blob, without those of this package. */
  private passedOn(): BlockBlobUploadOptions {
    const { keyEncryptionKey: _key, onProgress: _progress, blockSize: _size, ...rest } = this.given.options;
    const { concurrency: _concurrency, maxSingleShotSize: _shot, ...passed } = rest;
    return passed;
  }
}

/** All ids have the same length, as the service requires, and are new for every upload, so that two uploads never mix. */
function blockId(prefix: string, index: number): string {
  const ID_LENGTH = 48;
  return Buffer.from(prefix + String(index).padStart(ID_LENGTH - prefix.length, '0')).toString('base64');
}
