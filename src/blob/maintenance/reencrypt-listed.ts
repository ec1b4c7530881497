/**
 * Encrypts a block blob again under a new content key: reads the stored content under its ETag, seals it, opens it again as a
 * check, and commits it under the same ETag. Readers get the old content or the new content. Metadata, tags, tier and HTTP
 * headers are carried over.
 */
import type { BlobGetPropertiesResponse, BlobUploadCommonResponse, Tags } from '@azure/storage-blob';
import { expectedLayout } from '../../envelope/envelope.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { isChosen, without } from '../../envelope/maintenance/task.js';
import { PayloadTooLargeError } from '../../errors/input.js';
import { isChanged, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { metadataAsStored } from '../metadata-names.js';
import { SealedUpload } from '../sealed-upload.js';
import { blockPlan } from '../transfer-shape.js';
import { type BlockBlobContext, BlockSink, type UploadOptions } from '../upload-blocks.js';
import {
  ATTEMPTS,
  type BlobMaintenanceOptions,
  etagIn,
  interruptedIn,
  propertiesOf,
  requestOptions,
} from './blob-maintenance-options.js';
import { carriedDescription, EXPIRY_TIME, tagsOf, tagsWriteError } from './description.js';
import { CheckedSink } from './checked-sink.js';
import { CommitCheck, type OpenCommit } from './commit-check.js';
import { ForeignSourceError } from './foreign-content.js';
import type { ListedBlob } from './listed-blob.js';
import { type OldContent, OldContentReader } from './old-content.js';
import { assertVersionsAccepted } from './old-versions.js';

interface ReencryptListed extends BlobMaintenanceOptions {
  readonly context: BlockBlobContext;
  readonly step: Step;
  /** Commits that were interrupted by an outage, by the name of the blob. The repeated step, or one of a later job, settles them. */
  readonly interrupted: Map<string, OpenCommit>;
}

function resultOfReading(error: unknown): ObjectResult | null {
  if (!(error instanceof ForeignSourceError)) return resultOf(error);
  const { code } = error;
  return { outcome: code === 'FOREIGN_SOURCE_UNCHANGED' ? 'refused' : 'damaged', code };
}

/** Throws errors that do not concern the blob itself. */
export async function reencryptListed(blob: ListedBlob, given: ReencryptListed): Promise<ObjectResult> {
  const { BlobType: blobType, AccessTier: accessTier } = blob.facts;
  if (accessTier === 'Archive') return { outcome: 'archived' };
  const isBecomingBlocks = blobType === 'AppendBlob' && given.toBlock === true;
  if (blobType !== 'BlockBlob' && !isBecomingBlocks) return otherType(blob, given.step);
  const { step } = given;
  const interrupted = interruptedIn(given.interrupted, step);
  const reencryption = new BlobReencryption(given, blob.name, interrupted.get(blob.name));
  interrupted.delete(blob.name);
  try {
    const result = await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: step.abortSignal,
      isConflict: isChanged,
      attempt: () => reencryption.run(),
    });
    return reencryption.check.ended(result);
  } catch (error) {
    const result = resultOfReading(error);
    const settled = await reencryption.afterFailure(result).catch(() => null);
    const final = settled ?? result;
    if (final !== null) return reencryption.check.ended(final);
    if (reencryption.check.open !== undefined) interrupted.set(blob.name, reencryption.check.open);
    throw error;
  }
}

/** Page blobs cannot be read until they are complete, and append blobs become block blobs: both only on request. Pages are always in 1.0. */
function otherType({ facts, state }: ListedBlob, { task }: Step): ObjectResult {
  const { BlobType: blobType = 'AppendBlob' } = facts;
  if (blobType === 'PageBlob' && !isChosen(without(task, 'protocols'), state)) return SAME;
  return { outcome: 'refused', code: `${blobType}IsNotReencrypted` };
}

/** Another writer has changed the tags: a conflict like any other, after which the blob is read again. */
class TagsChangedError extends Error {
  readonly statusCode = 412;
  readonly code = 'TagsChanged';
}

class BlobReencryption {
  readonly check: CommitCheck;

  constructor(
    private readonly given: ReencryptListed,
    private readonly name: string,
    open: OpenCommit | undefined,
  ) {
    this.check = new CommitCheck(given, open);
  }

  async run(): Promise<ObjectResult> {
    const { context, step, foreign } = this.given;
    const properties = await propertiesOf(context.client, this.given);
    const settled = await this.check.settle(properties);
    if (settled !== null) return settled;
    const state = storedState(encryptionDataOf(properties.metadata));
    if (!isChosen(step.task, state)) return SAME;
    if (properties.expiresOn !== undefined) return EXPIRY_TIME;
    const conditions = { ifMatch: etagIn(properties) };
    const reading = { ...requestOptions(this.given), conditions };
    const metadata = await metadataAsStored(context, properties, reading);

    await step.beforeRequest();
    const reader = new OldContentReader({ context, step, foreign, reading });
    try {
      const content = await reader.read({ properties, state, metadata });
      if (content === null) return SAME;
      return await this.store({ ...content, properties, options: await this.uploadOptions(properties, content) });
    } finally {
      reader.close();
    }
  }

  /** Checks whether the last commit was made although it failed: its answer may have been lost. `null` if it was not made. */
  async afterFailure(refused: ObjectResult | null): Promise<ObjectResult | null> {
    if (this.check.open === undefined) return null;
    const properties = await propertiesOf(this.given.context.client, this.given);
    // a request without an answer may still arrive, so its snapshot stays
    return refused === null && !this.check.isCommitted(properties) ? null : this.check.settle(properties);
  }

  private async store({ source, length, options, properties, assertOpened }: Content): Promise<ObjectResult> {
    const { context, step } = this.given;
    const ciphertextLength = expectedLayout(context.policy, 'stream').ciphertextLength(length);
    const plan = blockPlan({ ...options, ...shapeFor(properties, ciphertextLength) }, ciphertextLength);
    const upload = await SealedUpload.prepare(context, 'stream', options);
    const again = chosenAgain(context.policy, step.task, upload.encryptionData);
    if (again !== null) return again;
    const sink = step.dryRun ? { plan, ...NOWHERE } : new BlockSink(context.client, plan, { upload, options });
    let isCommitting = false;
    const checked = new CheckedSink(sink, {
      context,
      upload,
      form: 'stream',
      length: ciphertextLength,
      expected: source.digest,
      beforeCommit: async () => {
        await assertOpened?.();
        await this.assertSameTags(options.tags ?? {});
        const replaced = encryptionDataOf(properties.metadata);
        await this.check.prepare({ metadata: upload.metadataAtEnd(), replaced, digest: source.digest() }, options);
        isCommitting = true;
      },
    });
    await step.beforeRequest();
    // without threads: blocks are opened in the order they are sealed in
    const response = await upload.run({ source: source.pieces, length }, checked).catch((error: unknown) => {
      throw isCommitting ? tagsWriteError(error, options.tags) : error;
    });
    const result = await this.check.committed(response);
    assertVersionsAccepted(response, this.given);
    return result;
  }

  private async uploadOptions(
    properties: BlobGetPropertiesResponse,
    { metadata }: Pick<OldContent, 'metadata'>,
  ): Promise<UploadOptions> {
    const leaseId = await this.given.leaseIdOf?.(this.name);
    return {
      ...requestOptions(this.given),
      ...carriedDescription(properties),
      metadata,
      conditions: { ifMatch: etagIn(properties), leaseId },
      tags: await this.tagsIn(properties),
    };
  }

  private tagsIn(properties: BlobGetPropertiesResponse): Promise<Tags | undefined> {
    const { context, step } = this.given;
    return tagsOf({ client: context.client, properties }, step);
  }

  /** Setting tags does not change the ETag, so a change since they were read would be lost unnoticed. */
  private async assertSameTags(carried: Tags): Promise<void> {
    const properties = await propertiesOf(this.given.context.client, this.given);
    const tags = (await this.tagsIn(properties)) ?? {};
    const names = new Set([...Object.keys(carried), ...Object.keys(tags)]);
    if ([...names].some((name) => carried[name] !== tags[name])) throw new TagsChangedError();
  }
}

/** A sink for dry runs. */
const NOWHERE = {
  send: () => Promise.resolve(),
  commit: () => Promise.resolve<Pick<BlobUploadCommonResponse, 'etag' | 'versionId'>>({}),
};

interface Content extends OldContent {
  readonly options: UploadOptions;
  /** Properties of the blob that is replaced. */
  readonly properties: BlobGetPropertiesResponse;
}

/**
 * Bytes of ciphertext that a block blob may have if it replaces an append blob. The service refuses blocks for a blob of another type, and
 * replaces such a blob only by a single request, so all of it has to be in memory.
 */
const MOST_TO_BLOCK = 64 * 1024 * 1024;

function shapeFor({ blobType }: BlobGetPropertiesResponse, length: number): { readonly maxSingleShotSize?: number } {
  if (blobType !== 'AppendBlob') return {};
  if (length > MOST_TO_BLOCK) throw new PayloadTooLargeError('The append blob', MOST_TO_BLOCK, length);
  return { maxSingleShotSize: MOST_TO_BLOCK };
}
