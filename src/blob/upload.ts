/**
 * Uploads of block blobs: source -> sealer -> blocks -> Put Block List, or one Put Blob where all fits in a block. The encryption
 * data goes with the request that makes the content visible, so a blob is whole and readable or as it was before.
 */
import type { BlobUploadCommonResponse, BlockBlobClient, BlockBlobUploadOptions } from '@azure/storage-blob';
import { uniqueId } from '../crypto/bytes.js';
import { createEnvelope, type Envelope } from '../envelope/envelope.js';
import { PayloadTooLargeError } from '../errors/input.js';
import { withEncryptionData } from '../wire/blob-metadata.js';
import { formatEncryptionData } from '../wire/encryption-data.js';
import { type ByteSource, readAhead, type ReadAhead } from '../streams/source.js';
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
import { sealContent, untilAborted } from './seal-content.js';
import { SealedBlocks } from './sealed-blocks.js';

/** Bytes of ciphertext in a block unless the call says otherwise. */
export const DEFAULT_BLOCK_LENGTH = 4 * 1024 * 1024;
/** Blocks of ciphertext that are on their way at once unless the call says otherwise; the SDK's default. */
export const DEFAULT_CONCURRENCY = 5;
/** Blocks that a block blob may have; the service's limit. */
const MAX_BLOCKS = 50_000;

export interface UploadOptions extends BlockBlobUploadOptions, EncryptedOperationOptions {
  readonly blockSize?: number;
  readonly concurrency?: number;
  readonly maxSingleShotSize?: number;
}

export interface BlockBlobContext extends BlobContext {
  readonly client: BlockBlobClient;
}

export interface UploadSource {
  readonly source: ByteSource;
  /** Bytes of plaintext, where they are known beforehand. */
  readonly length?: number;
}

interface BlockPlan {
  readonly blockLength: number;
  readonly concurrency: number;
}

/** Uploads a whole block blob. The source is read only once the content key is wrapped. */
export async function uploadBlockBlob(
  context: BlockBlobContext,
  { source, length }: UploadSource,
  options: UploadOptions,
): Promise<BlobUploadCommonResponse> {
  refuseHashes(options);
  assertTransferShape(options);
  const envelope = await createEnvelope(context.policy, {
    target: targetOf(context),
    form: 'stream',
    operation: keyOperation(options),
    ...(options.keyEncryptionKey === undefined ? {} : { keyEncryptionKey: options.keyEncryptionKey }),
  });
  const metadata = withEncryptionData(options.metadata, formatEncryptionData(envelope.encryptionData, 'blob'));
  assertMetadataFits(metadata);
  return new BlockBlobUpload(context, envelope, { ...options, metadata }).run({
    source,
    ...(length === undefined ? {} : { length }),
  });
}

/** One upload: what is on its way, and how much plaintext of it has arrived. */
class BlockBlobUpload {
  private readonly idPrefix = uniqueId();
  private readonly ids: string[] = [];
  private taken = 0;
  /** Bytes of plaintext taken when each block was full. */
  private readonly takenAt: number[] = [];
  private loaded = 0;

  constructor(
    private readonly context: BlockBlobContext,
    private readonly envelope: Envelope,
    private readonly options: UploadOptions,
  ) {}

  async run(given: UploadSource): Promise<BlobUploadCommonResponse> {
    const { length } = given;
    const plan = planOf(this.options, length === undefined ? undefined : this.ciphertextLength(length));
    const { source, isLonger } = await this.measured(given, plan.blockLength);
    const sealing = blockSealing(this.envelope.sealer, { threads: this.context.threads, isLarge: isLonger });
    const blocks = new SealedBlocks({
      ...plan,
      blockLength: toMultiple(plan.blockLength, sealing.blockMultiple),
      complete: (block) => {
        this.takenAt.push(this.taken);
        return sealing.complete(block);
      },
      send: (block, index) => this.stage(block, index),
    });
    try {
      await sealContent({
        ...{ source, sealing, blocks },
        onTaken: (plaintextBytes) => {
          this.taken = plaintextBytes;
        },
        ...(length === undefined ? {} : { expectedLength: length }),
        protocol: this.envelope.encryptionData.protocol,
        operation: keyOperation(this.options),
      });
      if (blocks.sent === 0) return await this.putWhole(await sealing.complete(blocks.last));
      await blocks.finish();
    } finally {
      await blocks.settle();
      sealing.close();
    }
    return this.context.client.commitBlockList(this.ids, this.passedOn());
  }

  /** Whether the content is longer than a block; the beginning of a source that does not tell is read where it matters. */
  private async measured({ source, length }: UploadSource, blockLength: number): Promise<ReadAhead> {
    if (length !== undefined) return { source, isLonger: this.ciphertextLength(length) > blockLength };
    if (this.context.threads === undefined) return { source, isLonger: false };
    return readAhead(untilAborted(source, this.options.abortSignal), blockLength);
  }

  private ciphertextLength(plaintextLength: number): number {
    return this.envelope.sealer.layout.ciphertextLength(plaintextLength);
  }

  private async putWhole(content: Buffer): Promise<BlobUploadCommonResponse> {
    const response = await this.context.client.upload(content, content.length, this.passedOn());
    this.progress(this.taken);
    return response;
  }

  private async stage(block: Buffer, index: number): Promise<void> {
    const id = blockId(this.idPrefix, index);
    this.ids[index] = id;
    if (index >= MAX_BLOCKS) {
      throw new PayloadTooLargeError('The blob (choose larger blocks)', MAX_BLOCKS * block.length, this.taken);
    }
    const { abortSignal, tracingOptions, conditions, customerProvidedKey, encryptionScope } = this.options;
    await this.context.client.stageBlock(id, block, block.length, {
      ...{ abortSignal, tracingOptions, customerProvidedKey, encryptionScope },
      ...(conditions?.leaseId === undefined ? {} : { conditions: { leaseId: conditions.leaseId } }),
      ...(this.options.contentChecksumAlgorithm === undefined
        ? {}
        : { contentChecksumAlgorithm: this.options.contentChecksumAlgorithm }),
    });
    this.progress((this.takenAt[index] ?? 0) - (this.takenAt[index - 1] ?? 0));
  }

  private progress(plaintextBytes: number): void {
    this.loaded += plaintextBytes;
    this.options.onProgress?.({ loadedBytes: this.loaded });
  }

  /** The caller's options for the request that makes the blob, less what is ours. */
  private passedOn(): BlockBlobUploadOptions {
    const { keyEncryptionKey: _key, onProgress: _progress, blockSize: _size, ...rest } = this.options;
    const { concurrency: _concurrency, maxSingleShotSize: _shot, ...passed } = rest;
    return passed;
  }
}

/** Upwards: shorter blocks could be more than a blob may have. */
const toMultiple = (length: number, multiple: number): number => Math.ceil(length / multiple) * multiple;

/** Of one length for all blobs and uploads, as the service wants it, and new for every upload, so that two never mix. */
function blockId(prefix: string, index: number): string {
  const ID_LENGTH = 48;
  return Buffer.from(prefix + String(index).padStart(ID_LENGTH - prefix.length, '0')).toString('base64');
}

function planOf(options: UploadOptions, ciphertextLength: number | undefined): BlockPlan {
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  const wanted = options.blockSize ?? DEFAULT_BLOCK_LENGTH;
  if (ciphertextLength === undefined) return { blockLength: wanted, concurrency };
  if (ciphertextLength <= (options.maxSingleShotSize ?? wanted)) {
    return { blockLength: Math.max(1, ciphertextLength), concurrency };
  }
  const needed = Math.ceil(ciphertextLength / MAX_BLOCKS);
  return { blockLength: options.blockSize ?? Math.max(wanted, needed), concurrency };
}
