/** Reads committed content back from the service, without a key cache, and compares it with what was written. */
import type { Readable } from 'node:stream';
import { equalBytes, startSha256 } from '../../crypto/bytes.js';
import { resultOf } from '../../envelope/maintenance/outcome.js';
import { provingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { isMissing } from '../../service-errors.js';
import type { BlobContext } from '../blob-context.js';
import { downloadStream } from '../download.js';
import type { ReadOptions } from '../read-requests.js';

/** The new content is stored, but does not read back. */
export class ReadBackError extends Error {}

interface CommittedContent {
  /** SHA-256 of the plaintext. */
  readonly digest: Uint8Array;
  readonly etag: string;
}

/** Throws a 412 if another writer has changed or deleted it since, and errors that do not concern the blob. */
export async function isStoredAs(
  { digest, etag }: CommittedContent,
  context: BlobContext,
  options: ReadOptions,
): Promise<boolean> {
  try {
    const proving = { ...context, policy: provingPolicy(context.policy) };
    return equalBytes(await digestOf(proving, { ...options, conditions: { ifMatch: etag } }), digest);
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
 * Whether encryption data belongs to other content. A program that wrote back metadata it had read before the commit, or only its
 * own metadata, has left the new content without its key: then only the old content can be read.
 *
 * @param replaced - encryption data of the old content
 */
export const isOfOtherContent = (text: string | undefined, replaced: string | undefined): boolean =>
  storedState(text).kind === 'sealed' && text !== replaced;

/** SHA-256 of the plaintext of a blob. */
export async function digestOf(context: BlobContext, options: ReadOptions): Promise<Uint8Array> {
  const hash = startSha256();
  const { readableStreamBody } = await downloadStream(context, { offset: 0 }, options);
  for await (const piece of readableStreamBody as Readable) hash.update(piece as Buffer);
  return hash.digest();
}
