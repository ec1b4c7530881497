/** Reads committed content back from the service, without a key cache, and compares it with what was written. */
import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { equalBytes, startSha256 } from '../../crypto/bytes.js';
import { resultOf } from '../../envelope/maintenance/outcome.js';
import { provingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { isMissing, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { BlobContext } from '../blob-context.js';
import { downloadStream } from '../download.js';
import type { ReadOptions } from '../read-requests.js';
import { ATTEMPTS, etagIn, requestOptions, type RequestParts } from './blob-maintenance-options.js';

/** The new content is stored, but does not read back. */
export class ReadBackError extends Error {}

interface NewContent extends RequestParts {
  /** SHA-256 of the plaintext. */
  readonly digest: Uint8Array;
}

/** Where committed content is: in the blob, or in a snapshot of it. */
export interface FoundContent {
  readonly context: BlobContext;
  readonly etag: string;
}

/**
 * Whether it still opens to what was written. A writer that changes only metadata leaves the content, so it is read under the new
 * ETag. Throws a 412 if others keep changing it, and errors that do not concern the blob.
 *
 * @param find - looks for it again; `null` if another writer has replaced or deleted it, so that nothing is left to compare
 */
export async function readsBack(
  parts: NewContent,
  committed: FoundContent | undefined,
  find: () => Promise<FoundContent | null>,
): Promise<boolean> {
  let known = committed;
  return retryOnConflict({
    attempts: ATTEMPTS,
    abortSignal: parts.step.abortSignal,
    attempt: async () => {
      const found = known ?? (await find());
      known = undefined;
      return found === null || isStored(parts, found);
    },
  });
}

async function isStored(parts: NewContent, { context, etag }: FoundContent): Promise<boolean> {
  await parts.step.beforeRequest();
  try {
    const proving = { ...context, policy: provingPolicy(context.policy) };
    const found = await digestOf(proving, { ...requestOptions(parts), conditions: { ifMatch: etag } });
    return equalBytes(found, parts.digest);
  } catch (error) {
    if (resultOf(error)?.outcome === 'damaged') return false;
    return lookAgainIfMissing(error);
  }
}

/** Another process has deleted the blob or the snapshot: a conflict like any other. */
class DeletedByOthersError extends Error {
  readonly statusCode = 412;
}

export function lookAgainIfMissing(error: unknown): never {
  throw isMissing(error) ? new DeletedByOthersError() : error;
}

/**
 * Where committed content is, by what a blob has now; `null` if it has other content. A program that wrote back metadata it had read
 * before the commit, or only its own metadata, has left the new content without its key: then only the old content can be read, and
 * this throws {@link ReadBackError}.
 *
 * @param has - whether it has the encryption data of what was committed, and the encryption data of what that replaced
 */
export function foundIn(
  context: BlobContext,
  properties: BlobGetPropertiesResponse,
  { isOwn, replaced }: { readonly isOwn: boolean; readonly replaced: string | undefined },
): FoundContent | null {
  if (isOwn) return { context, etag: etagIn(properties) };
  const stored = encryptionDataOf(properties.metadata);
  if (storedState(stored).kind !== 'sealed' || stored === replaced) throw new ReadBackError();
  return null;
}

/** SHA-256 of the plaintext of a blob. */
export async function digestOf(context: BlobContext, options: ReadOptions): Promise<Uint8Array> {
  const hash = startSha256();
  const { readableStreamBody } = await downloadStream(context, { offset: 0 }, options);
  for await (const piece of readableStreamBody as Readable) hash.update(piece as Buffer);
  return hash.digest();
}
