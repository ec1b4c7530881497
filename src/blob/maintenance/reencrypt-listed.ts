/**
 * Encrypts a block blob again under a fresh content key: reads the stored content under its ETag, seals it, opens it again as a check, and
 * commits it under the same ETag. Readers get the old content or the new content. Metadata, tags, tier and HTTP headers are carried over.
 */
import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse, BlobHTTPHeaders, Tags } from '@azure/storage-blob';
import { startSha256 } from '../../crypto/bytes.js';
import { expectedLayout } from '../../envelope/envelope.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { isChosen, without } from '../../envelope/maintenance/task.js';
import { isChanged, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { downloadStream } from '../download.js';
import { metadataAsStored } from '../metadata-names.js';
import type { ByteSource } from '../../streams/source.js';
import { SealedUpload } from '../sealed-upload.js';
import { stateOf } from '../service-answer.js';
import { blockPlan } from '../transfer-shape.js';
import { type BlockBlobContext, BlockSink, type UploadOptions } from '../upload-blocks.js';
import type { BlobMaintenanceOptions } from './blob-maintenance-options.js';
import { CheckedSink } from './checked-sink.js';
import type { ListedBlob } from './listed-blob.js';

/** Maximum number of attempts if other writers keep changing the blob. */
const ATTEMPTS = 5;

export interface ReencryptListed extends BlobMaintenanceOptions {
  readonly context: BlockBlobContext;
  readonly step: Step;
}

/** Throws errors that do not concern the blob itself. */
export async function reencryptListed(blob: ListedBlob, given: ReencryptListed): Promise<ObjectResult> {
  const { blobType, accessTier } = blob.item.properties;
  if (accessTier === 'Archive') return { outcome: 'archived' };
  if (blobType !== 'BlockBlob') return otherType(blob, given.step);
  try {
    const { result } = await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: given.step.abortSignal,
      isConflict: isChanged,
      attempt: () => new BlobReencryption(given, blob.name).run(),
    });
    return result;
  } catch (error) {
    const result = resultOf(error);
    if (result === null) throw error;
    return result;
  }
}

/** Page blobs would be unreadable until they are complete, and append blobs would become block blobs. Pages are always in 1.0. */
function otherType({ item, state }: ListedBlob, { task }: Step): ObjectResult {
  const { blobType = 'AppendBlob' } = item.properties;
  if (blobType === 'PageBlob' && !isChosen(without(task, 'protocols'), state)) return SAME;
  return { outcome: 'refused', code: `${blobType}IsNotReencrypted` };
}

/** Another writer has changed the tags: a conflict like any other, so the blob is read again. */
class TagsChangedError extends Error {
  readonly statusCode = 412;
  readonly code = 'TagsChanged';
}

class BlobReencryption {
  constructor(
    private readonly given: ReencryptListed,
    private readonly name: string,
  ) {}

  async run(): Promise<ObjectResult> {
    const { context, step } = this.given;
    await step.beforeRequest();
    const properties = await context.client.getProperties(this.reading());
    const state = storedState(encryptionDataOf(properties.metadata));
    if (!isChosen(step.task, state)) return SAME;
    const ifMatch = stateOf(properties, properties.contentLength).etag;
    const options = await this.uploadOptions(properties, ifMatch);

    await step.beforeRequest();
    const reading = { ...context, policy: readingPolicy(context.policy, state) };
    const answer = await downloadStream(reading, { offset: 0 }, { ...this.reading(), conditions: { ifMatch } });
    const stream = answer.readableStreamBody as Readable;
    try {
      return await this.store({ source: hashed(stream), length: answer.contentLength ?? 0, options });
    } finally {
      stream.destroy();
    }
  }

  private async store({ source, length, options }: Content): Promise<ObjectResult> {
    const { context, step } = this.given;
    const ciphertextLength = expectedLayout(context.policy, 'stream').ciphertextLength(length);
    const plan = blockPlan(options, ciphertextLength);
    const upload = await SealedUpload.prepare(context, 'stream', options);
    const again = chosenAgain(context.policy, step.task, upload.encryptionData);
    if (again !== null) return again;
    const sink = step.dryRun ? { plan, ...NOWHERE } : new BlockSink(context.client, { plan, upload, options });
    const checked = new CheckedSink(sink, {
      ...{ context, upload, length: ciphertextLength, expected: source.digest },
      beforeCommit: () => this.assertSameTags(options.tags ?? {}),
    });
    await step.beforeRequest();
    // without threads: blocks are opened in the order they are sealed in
    await upload.run({ source: source.pieces, length }, checked);
    return DONE;
  }

  private async uploadOptions(properties: BlobGetPropertiesResponse, ifMatch: string): Promise<UploadOptions> {
    const { context, customerProvidedKey, leaseIdOf } = this.given;
    const conditions = { ifMatch };
    const metadata = await metadataAsStored(context, properties, { ...this.reading(), conditions });
    const leaseId = await leaseIdOf?.(this.name);
    const { accessTier, accessTierInferred, encryptionScope } = properties;
    return {
      ...this.reading(),
      metadata,
      blobHTTPHeaders: headersOf(properties),
      conditions: { ...conditions, ...(leaseId === undefined ? {} : { leaseId }) },
      ...(await this.tags(properties)),
      ...(accessTier === undefined || accessTierInferred === true ? {} : { tier: accessTier }),
      ...(customerProvidedKey === undefined ? {} : { customerProvidedKey }),
      ...(encryptionScope === undefined ? {} : { encryptionScope }),
    };
  }

  private async tags({ tagCount = 0 }: BlobGetPropertiesResponse): Promise<Pick<UploadOptions, 'tags'>> {
    if (tagCount === 0) return {};
    await this.given.step.beforeRequest();
    const { tags } = await this.given.context.client.getTags(this.signal());
    return { tags };
  }

  /** Setting tags does not change the ETag, so a change since they were read would be lost unnoticed. */
  private async assertSameTags(carried: Tags): Promise<void> {
    await this.given.step.beforeRequest();
    const { tags = {} } = await this.tags(await this.given.context.client.getProperties(this.reading()));
    const names = new Set([...Object.keys(carried), ...Object.keys(tags)]);
    if ([...names].some((name) => carried[name] !== tags[name])) throw new TagsChangedError();
  }

  private reading() {
    const { customerProvidedKey } = this.given;
    return { ...this.signal(), ...(customerProvidedKey === undefined ? {} : { customerProvidedKey }) };
  }

  private signal() {
    const { abortSignal } = this.given.step;
    return { abortSignal };
  }
}

/** A sink for dry runs. */
const NOWHERE = { send: () => Promise.resolve(), commit: () => Promise.resolve({}) };

interface HashedSource {
  readonly pieces: ByteSource;
  /** SHA-256 of what was read. */
  readonly digest: () => Buffer;
}

interface Content {
  readonly source: HashedSource;
  /** Bytes of plaintext. */
  readonly length: number;
  readonly options: UploadOptions;
}

function hashed(stream: Readable): HashedSource {
  const hash = startSha256();
  const pieces = (async function* () {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      hash.update(piece);
      yield piece;
    }
  })();
  return { pieces, digest: () => hash.digest() };
}

/** Omits the stored hash, which describes the plaintext or the old ciphertext. */
function headersOf(properties: BlobGetPropertiesResponse): BlobHTTPHeaders {
  const { contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl } = properties;
  return {
    ...(contentType === undefined ? {} : { blobContentType: contentType }),
    ...(contentEncoding === undefined ? {} : { blobContentEncoding: contentEncoding }),
    ...(contentLanguage === undefined ? {} : { blobContentLanguage: contentLanguage }),
    ...(contentDisposition === undefined ? {} : { blobContentDisposition: contentDisposition }),
    ...(cacheControl === undefined ? {} : { blobCacheControl: cacheControl }),
  };
}
