/**
 * The steps of every upload: content key -> sealed blocks, several in flight at once -> one request that makes the content
 * visible. The sink (block blobs, page blobs) determines where the blocks go. The metadata is built at the end, when the lengths
 * are known.
 */
import type { OperationOptions } from '@azure/core-client';
import type { BlobUploadCommonResponse, Metadata } from '@azure/storage-blob';
import { throwIfAborted } from '../aborts.js';
import { runAll } from '../crypto/byte-transform.js';
import { createEnvelope, type Envelope } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import { type IntegrityTagged, integrityTagIn } from '../envelope/integrity/integrity-tag.js';
import { keyOperation } from '../envelope/key-operation.js';
import type { ContentForm } from '../protocol/protocol.js';
import { withEncryptionData } from '../wire/blob-metadata.js';
import { formatEncryptionData, type NewEncryptionData } from '../wire/encryption-data.js';
import { type ByteSource, readAhead, type ReadAhead } from '../streams/source.js';
import { STEP_LENGTH } from '../crypto/steps.js';
import { traced } from '../tracing/span.js';
import {
  assertMetadataFits,
  type BlobContext,
  type EncryptedOperationOptions,
  refuseHashes,
  refuseMisplacedConditions,
  targetOf,
} from './blob-context.js';
import { DEFAULT_KEPT_MEMORY, processBlocks } from './block-memory.js';
import { type BlockSealing, blockSealing } from './block-sealing.js';
import { sealContent, untilAborted } from './seal-content.js';
import { SealedBlocks } from './sealed-blocks.js';
import type { BlockPlan } from './transfer-shape.js';

export interface UploadSource {
  readonly source: ByteSource;
  /** Number of plaintext bytes, if it is known in advance. */
  readonly length?: number | undefined;
}

export interface SizedSource extends UploadSource {
  readonly length: number;
}

interface SealedUploadOptions extends OperationOptions, EncryptedOperationOptions {
  readonly metadata?: Metadata;
  readonly onProgress?: (progress: { loadedBytes: number }) => void;
}

/** The SDK's response to an upload. */
export type EncryptedUploadResponse = BlobUploadCommonResponse & IntegrityTagged;

/** Position of a block in the stored content. */
export interface BlockPlace {
  readonly index: number;
  /** Number of ciphertext bytes before it. */
  readonly offset: number;
}

/** Where the blocks of an upload go. */
export interface UploadSink<Response> {
  readonly plan: BlockPlan;
  /** Stores a block. It may be called for several blocks at once. */
  send(block: Buffer, place: BlockPlace): Promise<void>;
  /** Makes the content visible. If the content fits into one block, `whole` is all of it and nothing was sent before. */
  commit(whole: Buffer | null): Promise<Response>;
}

/** One content, whose key is used for nothing else. */
export class SealedUpload {
  private taken = 0;
  /** Number of plaintext bytes taken when each block was full. */
  private readonly takenAt: number[] = [];
  private loaded = 0;
  private sealedMetadata: Record<string, string> | undefined;
  private integrityTag: string | undefined;

  private constructor(
    private readonly context: BlobContext,
    private readonly envelope: Envelope,
    private readonly options: SealedUploadOptions,
  ) {}

  /** Wraps a new content key. Everything that can be rejected before the first request to storage is rejected here. */
  static async prepare(context: BlobContext, form: ContentForm, options: SealedUploadOptions): Promise<SealedUpload> {
    refuseHashes(options);
    refuseMisplacedConditions(options);
    const envelope = await createEnvelope(context.policy, {
      target: targetOf(context),
      form,
      operation: keyOperation(options),
      keyEncryptionKey: options.keyEncryptionKey,
    });
    const upload = new SealedUpload(context, envelope, options);
    assertMetadataFits(upload.metadataWith(envelope.longestData()));
    return upload;
  }

  get encryptionData(): NewEncryptionData {
    return this.envelope.encryptionData;
  }

  /** The caller's metadata and the encryption data, for the request that makes the content visible. Call it when everything is sealed. */
  metadataAtEnd(): Record<string, string> {
    if (this.sealedMetadata !== undefined) return this.sealedMetadata;
    const sealedData = this.envelope.sealedData();
    this.integrityTag = integrityTagIn(sealedData.additions);
    this.sealedMetadata = this.metadataWith(sealedData);
    return this.sealedMetadata;
  }

  /** The service's response, with the tag that identifies this write. */
  tagged<Response extends object>(response: Response): Response & IntegrityTagged {
    return this.integrityTag === undefined ? response : Object.assign(response, { integrityTag: this.integrityTag });
  }

  private metadataWith(encryptionData: NewEncryptionData): Record<string, string> {
    return withEncryptionData(this.options.metadata, formatEncryptionData(encryptionData, 'blob'));
  }

  /** Runs the source into the sink. When it settles, none of its requests is in flight. */
  run<Response extends object>(given: UploadSource, sink: UploadSink<Response>): Promise<Response & IntegrityTagged> {
    const content = inOneStep(given);
    const isWhole = content !== undefined && this.sealedLength(content.length) <= sink.plan.blockLength;
    return isWhole ? this.runWhole(content, sink) : this.runBlocks(given, sink);
  }

  /** Most blobs are short. Blocks and turns of the event loop would cost them more than their cipher. */
  private async runWhole<Response extends object>(
    content: Uint8Array,
    sink: UploadSink<Response>,
  ): Promise<Response & IntegrityTagged> {
    const whole = await this.traced(async () => {
      throwIfAborted(this.options.abortSignal);
      this.taken = content.length;
      return runAll(this.envelope.sealer.seal(), content);
    });
    const response = await sink.commit(whole);
    this.progress(this.taken);
    return this.tagged(response);
  }

  /** Seals the content in a span. */
  private traced<Result>(seal: () => Promise<Result>): Promise<Result> {
    return traced('Content.seal', keyOperation(this.options), async (_options, record) => {
      const sealed = await seal();
      const { protocol } = this.envelope.encryptionData;
      record({ protocol, integrity: integrityOf(this.context.policy), plaintextBytes: this.taken });
      return sealed;
    });
  }

  private sealedLength(plaintextLength: number): number {
    return this.envelope.sealer.layout.ciphertextLength(plaintextLength);
  }

  private async runBlocks<Response extends object>(
    given: UploadSource,
    sink: UploadSink<Response>,
  ): Promise<Response & IntegrityTagged> {
    const { source, isLonger } = await this.measured(given, sink.plan.blockLength);
    // this thread is cheapest for small content
    const sealing = blockSealing(this.envelope.sealer, isLonger ? this.context.threads : undefined);
    const blockLength = toMultiple(sink.plan.blockLength, sealing.blockMultiple);
    const blocks = this.blocksOf(sink, sealing, blockLength);
    let whole: Buffer | null = null;
    try {
      const { abortSignal } = this.options;
      const onTaken = (plaintextBytes: number): void => void (this.taken = plaintextBytes);
      await this.traced(() =>
        sealContent({ source, sealing, blocks, expectedLength: given.length, abortSignal, onTaken }),
      );
      if (blocks.sent === 0) whole = await sealing.complete(blocks.last);
      else await blocks.finish();
      await sealing.finish?.();
    } finally {
      await blocks.settle();
      sealing.close?.();
    }
    const response = await sink.commit(whole);
    blocks.release(whole);
    if (whole !== null) this.progress(this.taken);
    return this.tagged(response);
  }

  private blocksOf<Response>(sink: UploadSink<Response>, sealing: BlockSealing, blockLength: number): SealedBlocks {
    return new SealedBlocks({
      blockLength,
      concurrency: sink.plan.concurrency,
      memory: processBlocks,
      keptMemory: this.context.keptMemory ?? DEFAULT_KEPT_MEMORY,
      complete: (block) => {
        this.takenAt.push(this.taken);
        return sealing.complete(block);
      },
      send: async (block, index) => {
        await sink.send(block, { index, offset: index * blockLength });
        this.progress((this.takenAt[index] ?? 0) - (this.takenAt[index - 1] ?? 0));
      },
    });
  }

  /** Whether the content is longer than a block. If the source does not show its length and it matters, its beginning is read. */
  private async measured({ source, length }: UploadSource, blockLength: number): Promise<ReadAhead> {
    if (length !== undefined) return { source, isLonger: this.sealedLength(length) > blockLength };
    if (this.context.threads === undefined) return { source, isLonger: false };
    return readAhead(untilAborted(source, this.options.abortSignal), blockLength);
  }

  private progress(plaintextBytes: number): void {
    this.loaded += plaintextBytes;
    this.options.onProgress?.({ loadedBytes: this.loaded });
  }
}

/** Content in memory that is sealed in one step; `undefined` for any other. */
function inOneStep({ source, length = Infinity }: UploadSource): Uint8Array | undefined {
  if (!Array.isArray(source) || length > STEP_LENGTH) return undefined;
  const [content, another] = source as readonly Uint8Array[];
  return content?.length === length && another === undefined ? content : undefined;
}

/** Rounds up, because shorter blocks could be more than a blob may have. */
const toMultiple = (length: number, multiple: number): number => Math.ceil(length / multiple) * multiple;
