/**
 * Copies by the service. They copy ciphertext with its encryption data, so the copy is read like its source. If the copy gets its
 * own metadata, the encryption data of the source is added, because the service would leave it out.
 */
import type { BlobBeginCopyFromURLOptions, BlobClient } from '@azure/storage-blob';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { assertChangeable, type BlobContext, refuseMisplacedConditions } from './blob-context.js';
import { keptIn } from './metadata.js';
import { stateOf } from './service-answer.js';
import { describedBlob } from './stored-blob.js';

/** Options of a copy: those of the SDK, and where the service reads the source. */
export interface CopyOptions extends BlobBeginCopyFromURLOptions {
  /** Address of the source with a SAS, for a source in another account. The default is the address of its client. */
  readonly sourceUrl?: string;
}

/** A copy that the service makes. */
export type BlobCopy = Awaited<ReturnType<BlobClient['beginCopyFromURL']>>;

export async function beginCopy(
  context: BlobContext,
  source: BlobClient,
  { sourceUrl = source.url, ...options }: CopyOptions,
): Promise<BlobCopy> {
  assertChangeable(context);
  refuseMisplacedConditions(options);
  const { abortSignal, tracingOptions, sourceConditions } = options;
  const properties = await source.getProperties({ abortSignal, tracingOptions });
  if (describedBlob(properties).encryptionData === undefined) assertPlaintextAllowed(context.policy, 'The source');
  const { etag: read } = stateOf(properties, properties.contentLength);
  const { ifMatch: given = '*' } = sourceConditions ?? {};
  return context.client.beginCopyFromURL(sourceUrl, {
    ...options,
    // without its own metadata, the copy gets all of the source's
    metadata: options.metadata && keptIn(options.metadata, properties.metadata),
    // always one state: the encryption data of another would not fit
    sourceConditions: { ...sourceConditions, ifMatch: given === '*' ? read : given },
  });
}
