/** Writes pages that only the claiming upload can write, and makes them content with their encryption data, last. */
import type { BlobUploadCommonResponse } from '@azure/storage-blob';
import { isChanged, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { BlockPlace, SealedUpload, UploadSink } from '../sealed-upload.js';
import { type BlockPlan, DEFAULT_BLOCK_LENGTH } from '../transfer-shape.js';
import { ATTEMPTS, type PageBlobState, type PageRequests } from './page-requests.js';

interface ClaimedPages {
  readonly upload: SealedUpload;
  readonly uploadId: string;
  readonly sequenceNumber: number;
  /** ETag of the blob when it was claimed. */
  readonly claimedAt: string;
  readonly concurrency: number;
}

export class PageSink implements UploadSink<BlobUploadCommonResponse> {
  readonly plan: BlockPlan;
  isCommitted = false;
  /** Encryption data of an attempted commit. */
  private encryptionData: string | undefined;

  constructor(
    private readonly requests: PageRequests,
    private readonly pages: ClaimedPages,
  ) {
    this.plan = { blockLength: DEFAULT_BLOCK_LENGTH, concurrency: pages.concurrency };
  }

  async send(block: Buffer, { offset }: Pick<BlockPlace, 'offset'>): Promise<void> {
    const { client, writing, lease } = this.requests;
    await client.uploadPages(block, offset, block.length, {
      ...writing,
      conditions: { ...lease, ifSequenceNumberEqualTo: this.pages.sequenceNumber },
    });
  }

  async commit(whole: Buffer | null): Promise<BlobUploadCommonResponse> {
    if (whole !== null && whole.length > 0) await this.send(whole, { offset: 0 });
    const metadata = this.pages.upload.metadataAtEnd();
    this.encryptionData = encryptionDataOf(metadata);
    let isLost = false;
    const response = await retryOnConflict({
      attempts: ATTEMPTS,
      attempt: async () => {
        const state = await this.requests.state();
        const answer = this.answerIn(state);
        if (answer !== null) return answer;
        const isOurs = state.kind === 'unfinished' && state.upload.id === this.pages.uploadId;
        isLost = !isOurs;
        // if the blob belongs to another upload by now, the service's own error is thrown
        const condition = this.requests.ifMatch(isOurs ? state.etag : this.pages.claimedAt);
        return this.requests.client.setMetadata(metadata, { ...this.requests.writing, ...condition });
      },
      isConflict: (error) => isChanged(error) && !isLost,
      ...this.requests.plain,
    });
    this.isCommitted = true;
    return response;
  }

  /** The response to a commit of this upload that took effect although its response was lost; `null` if there was none. */
  answerIn(state: PageBlobState): BlobUploadCommonResponse | null {
    if (state.kind !== 'whole' || this.encryptionData === undefined) return null;
    if (encryptionDataOf(state.properties.metadata) !== this.encryptionData) return null;
    return state.properties;
  }
}
