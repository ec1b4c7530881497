/**
 * Uploads of page blobs: whole, in protocol 1.0, without padding. Page writes have no commit, so metadata serves as one: a blob
 * is content only when it has its encryption data, and until then is marked as unfinished (wire/unfinished-upload).
 *
 *     absent ──create────────▶ unfinished ──pages, then encryption data──▶ whole
 *     whole ──snapshot, create─┘    │  ▲
 *       ▲                           │  └─ create by a later upload, which takes over the snapshot
 *       └──copy, encryption data────┘     the failed upload itself, or removal where nothing was there before
 *
 *     request               succeeds only if
 *     create                the blob is unchanged since the look (ETag), or still absent
 *     pages                 the sequence number, random for every upload, is still that of this upload
 *     encryption data       the blob still belongs to this upload, at the ETag of the last look
 *     sequence number, copy, removal of a rollback: the same
 *
 * So of concurrent uploads, the last to create wins, and the others fail with the service's 412 (416 beyond the end of shorter
 * pages). A request that arrives late or twice meets another ETag or sequence number and changes nothing. A reader gets the old
 * content, the new content, or `UPLOAD_UNFINISHED`.
 */
import type { Metadata, PageBlobCreateOptions } from '@azure/storage-blob';
import { newSequenceNumber, uniqueId } from '../../crypto/bytes.js';
import { UnsupportedOperationError } from '../../errors/input.js';
import { RollbackFailedError } from '../../errors/transfer.js';
import { groupFaults, milliseconds, type OptionRules, refuse } from '../../option-rules.js';
import { ENCRYPTION_DATA_ENTRY } from '../../wire/blob-metadata.js';
import { formatUnfinished } from '../../wire/unfinished-upload.js';
import { assertChangeable, type EncryptedOperationOptions } from '../blob-context.js';
import type { ByteSource } from '../../streams/source.js';
import type { NewEncryptionData } from '../../wire/encryption-data.js';
import { type EncryptedUploadResponse, SealedUpload, type SizedSource, type UploadSink } from '../sealed-upload.js';
import { assertPageBlobLength, assertTransferShape, DEFAULT_CONCURRENCY } from '../transfer-shape.js';
import { forgetKept, forgetPrevious, removePages, restoreContent } from './kept-content.js';
import { claimPages, type PageClaim } from './page-claim.js';
import { type PageBlobContext, PageRequests } from './page-requests.js';
import { PageSink } from './page-sink.js';

/** Default number of milliseconds that the rollback of a failed upload may take. */
const ROLLBACK_TIMEOUT = 30_000;

/** Options of an upload of pages: those of the SDK for creating the blob, and these. */
export interface PageUploadOptions
  extends
    Omit<PageBlobCreateOptions, 'blobSequenceNumber' | 'immutabilityPolicy' | 'legalHold'>,
    EncryptedOperationOptions {
  /**
   * Number of concurrent requests of 4 MiB.
   *
   * @defaultValue 5
   */
  readonly concurrency?: number;
  /**
   * Milliseconds that restoring the previous content may take if the upload fails, 1 to 2,147,483,647. `abortSignal` does not end it.
   *
   * @defaultValue 30,000
   */
  readonly rollbackTimeoutInMs?: number;
  /** Called with the number of plaintext bytes that are stored. */
  readonly onProgress?: (progress: { loadedBytes: number }) => void;
}

export async function uploadPageBlob(
  context: PageBlobContext,
  { source, length }: SizedSource,
  options: PageUploadOptions,
): Promise<EncryptedUploadResponse> {
  const upload = await PageUpload.prepare(context, { length }, options);
  return upload.run({ open: () => Promise.resolve(source) });
}

/** Content of an upload that is read once the old content is kept. */
export interface PageContent {
  /** @param previous - snapshot of the content that is replaced, if there was any */
  readonly open: (previous: string | undefined) => Promise<ByteSource>;
  /** Puts a check before the commit. */
  readonly checked?: <Response>(sink: UploadSink<Response>, upload: SealedUpload) => UploadSink<Response>;
}

/** An upload that is complete, with the snapshot of what it replaced. */
export interface CommittedPages {
  readonly response: EncryptedUploadResponse;
  /** Deletes the snapshot. Does not throw. */
  readonly forgetKept: () => Promise<void>;
}

const OWN: OptionRules = { rollbackTimeoutInMs: milliseconds };

function refuseProtection(options: object): void {
  const named = ['blobSequenceNumber', 'immutabilityPolicy', 'legalHold'].filter(
    (name) => (options as Record<string, unknown>)[name] !== undefined,
  );
  if (named.length === 0) return;
  throw new UnsupportedOperationError(
    `${named.join(', ')} cannot be set by an upload of pages, which needs them until the content is complete: set them afterwards`,
  );
}

export class PageUpload {
  private readonly sequenceNumber = newSequenceNumber();
  private readonly requests: PageRequests;

  private constructor(
    context: PageBlobContext,
    private readonly upload: SealedUpload,
    private readonly options: PageUploadOptions,
    private readonly shape: { readonly id: string; readonly length: number },
  ) {
    this.requests = new PageRequests(context, options);
  }

  /**
   * Wraps a new content key. Sends nothing to storage.
   *
   * @param length - bytes of content
   * @param id - of the upload; others see it until the upload is complete
   */
  static async prepare(
    context: PageBlobContext,
    { length, id = uniqueId() }: { readonly length: number; readonly id?: string },
    options: PageUploadOptions,
  ): Promise<PageUpload> {
    assertChangeable(context);
    assertTransferShape(options);
    assertPageBlobLength(length);
    refuseProtection(options);
    refuse(groupFaults(OWN, { rollbackTimeoutInMs: options.rollbackTimeoutInMs }));
    const upload = await SealedUpload.prepare(context, 'pages', options);
    return new PageUpload(context, upload, options, { id, length });
  }

  get encryptionData(): NewEncryptionData {
    return this.upload.encryptionData;
  }

  async run(content: PageContent): Promise<EncryptedUploadResponse> {
    const { response, claim } = await this.claimed(content);
    await forgetPrevious(this.recovery(), claim);
    return response;
  }

  /** The same for content that comes from what was stored: the snapshot stays until the caller deletes it. */
  async commit(content: PageContent): Promise<CommittedPages> {
    const { response, claim } = await this.claimed(content);
    return { response, forgetKept: () => forgetKept(this.recovery(), claim) };
  }

  private async claimed(
    content: PageContent,
  ): Promise<{ readonly response: EncryptedUploadResponse; readonly claim: PageClaim }> {
    const { id: uploadId, length } = this.shape;
    const claim = await claimPages(this.requests, () => this.recovery(), {
      uploadId,
      length,
      options: (previous) => this.createOptions(previous),
    });
    const sink = new PageSink(this.requests, {
      upload: this.upload,
      uploadId,
      sequenceNumber: this.sequenceNumber,
      claimedAt: claim.etag,
      concurrency: this.options.concurrency ?? DEFAULT_CONCURRENCY,
    });
    const response = await this.written(claim, sink, content);
    return { response, claim };
  }

  private async written(
    claim: PageClaim,
    sink: PageSink,
    { open, checked }: PageContent,
  ): Promise<EncryptedUploadResponse> {
    const { length } = this.shape;
    try {
      const source = await open(claim.previous);
      return await this.upload.run({ source, length }, checked?.(sink, this.upload) ?? sink);
    } catch (error) {
      if (sink.isCommitted) throw error;
      return this.afterFailure(claim, sink, error);
    }
  }

  /** The response to a commit that took effect anyway. Otherwise rolls back and throws. */
  private async afterFailure(claim: PageClaim, sink: PageSink, error: unknown): Promise<EncryptedUploadResponse> {
    const recovery = this.recovery();
    try {
      const committed = sink.answerIn(await recovery.state());
      if (committed !== null) return this.upload.tagged(committed);
      await this.rollBack(recovery, claim);
      if ((await recovery.state()).kind === 'whole') await forgetKept(recovery, claim);
    } catch (rollbackError) {
      throw new RollbackFailedError(claim.previous, rollbackError, { cause: error });
    }
    throw error;
  }

  private async rollBack(recovery: PageRequests, { previous }: PageClaim): Promise<void> {
    const { id: uploadId } = this.shape;
    if (previous === undefined) return removePages(recovery, uploadId);
    return restoreContent(recovery, { uploadId, snapshot: previous, unfinished: this.unfinished(previous) });
  }

  /** Requests that the caller's signal does not end, because an aborted upload has to be rolled back too. */
  private recovery(): PageRequests {
    return this.requests.under(AbortSignal.timeout(this.options.rollbackTimeoutInMs ?? ROLLBACK_TIMEOUT));
  }

  /** The caller's options for `create`, without those of this package. */
  private createOptions(previous: string | undefined): PageBlobCreateOptions {
    const { keyEncryptionKey: _key, concurrency: _concurrency, onProgress: _progress, ...rest } = this.options;
    const { rollbackTimeoutInMs: _timeout, ...passed } = rest;
    return { ...passed, metadata: this.unfinished(previous), blobSequenceNumber: this.sequenceNumber };
  }

  private unfinished(previous: string | undefined): Metadata {
    return { [ENCRYPTION_DATA_ENTRY]: formatUnfinished(this.upload.encryptionData, { id: this.shape.id, previous }) };
  }
}
