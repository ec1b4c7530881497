/**
 * What follows the commit of a page blob that was encrypted again. Its content is always read back, because a program that writes
 * pages without conditions may have written over the new ones. The snapshot of the old content stays until then.
 */
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { callOptions } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, SNAPSHOT_LEFT } from '../../envelope/maintenance/outcome.js';
import { isChanged, isMissing, nullIfMissing } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { unfinishedUploadIn } from '../../wire/unfinished-upload.js';
import type { PageBlobContext } from '../pages/page-requests.js';
import type { CommittedPages } from '../pages/upload-pages.js';
import type { EncryptedUploadResponse } from '../sealed-upload.js';
import { type BlobMaintenanceOptions, propertiesOf, type RequestParts } from './blob-maintenance-options.js';
import { assertVersionsAccepted } from './old-versions.js';
import { type FoundContent, foundIn, lookAgainIfMissing, ReadBackError, readsBack } from './read-back.js';

interface PagesCommitParts extends RequestParts, Pick<BlobMaintenanceOptions, 'acceptVersions'> {
  /** With the policy that wrote. */
  readonly context: PageBlobContext;
  readonly leaseId: string | undefined;
  /** Encryption data of the old content. */
  readonly replaced: string | undefined;
  readonly digest: Uint8Array;
  /** The sequence number that the blob had before. */
  readonly sequenceNumber: number | undefined;
}

export class PagesCommit {
  /** Encryption data of the new content, once it is known. */
  text: string | undefined;
  /** Snapshot of the old content. */
  kept: string | undefined;
  #isReadBack = false;

  constructor(private readonly parts: PagesCommitParts) {}

  /**
   * Throws {@link ReadBackError} unless the content is what was sealed, or another writer has replaced it as a whole. Throws in an outage,
   * and can be called again after it.
   */
  async finish({ response, forgetKept }: CommittedPages): Promise<ObjectResult> {
    if (!this.#isReadBack) await this.#readBack(response);
    this.#isReadBack = true;
    await this.#carrySequenceNumber(response);
    await forgetKept();
    assertVersionsAccepted(response, this.parts);
    return (await this.#hasKeptContent()) ? SNAPSHOT_LEFT : DONE;
  }

  async #readBack({ etag }: EncryptedUploadResponse): Promise<void> {
    const { context } = this.parts;
    const committed = etag === undefined ? undefined : { context, etag };
    const isKept = await readsBack(this.parts, committed, () => this.#found()).catch((error: unknown) => {
      if (isChanged(error)) return false;
      throw error;
    });
    if (!isKept) throw new ReadBackError();
  }

  /** Where what was committed is; `null` if another writer has replaced or deleted it. */
  async #found(): Promise<FoundContent | null> {
    const { context } = this.parts;
    const properties = await propertiesOf(context.client, this.parts).catch(nullIfMissing);
    if (properties === null) return null;
    const unfinished = unfinishedUploadIn(encryptionDataOf(properties.metadata));
    if (unfinished === null || unfinished.previous === this.kept) return this.#foundIn(context, properties);
    if (unfinished.previous === undefined) return null;
    // another upload has claimed the blob: if it fails, it puts back what it keeps
    const kept = this.#snapshot(unfinished.previous);
    return this.#foundIn(kept, await propertiesOf(kept.client, this.parts).catch(lookAgainIfMissing));
  }

  #foundIn(context: PageBlobContext, properties: BlobGetPropertiesResponse): FoundContent | null {
    const isOwn = encryptionDataOf(properties.metadata) === this.text;
    return foundIn(context, properties, { isOwn, replaced: this.parts.replaced });
  }

  #snapshot(snapshot: string): PageBlobContext {
    const { context } = this.parts;
    return { ...context, client: context.client.withSnapshot(snapshot) };
  }

  /** Restores the sequence number, which the upload used for itself, unless another writer has changed the blob since. */
  async #carrySequenceNumber({ etag }: EncryptedUploadResponse): Promise<void> {
    const { context, step, leaseId, sequenceNumber: number } = this.parts;
    if (number === undefined) return;
    const conditions = { ifMatch: etag ?? '', leaseId };
    await step.beforeRequest();
    try {
      await context.client.updateSequenceNumber('update', number, { ...callOptions(step), conditions });
    } catch (error) {
      if (!isChanged(error) && !isMissing(error)) throw error;
    }
  }

  /** Whether the old content is still there: the upload does not say whether it could delete the snapshot. */
  async #hasKeptContent(): Promise<boolean> {
    if (this.kept === undefined) return false;
    const { client } = this.#snapshot(this.kept);
    return (await propertiesOf(client, this.parts).catch(nullIfMissing)) !== null;
  }
}
