/**
 * The first half of an upload of pages: looks at the existing blob, keeps it, and replaces it with empty pages that belong only
 * to this upload. `create` always has a condition, so that a request that arrives late or twice changes nothing.
 */
import type { BlobRequestConditions, PageBlobCreateOptions } from '@azure/storage-blob';
import { UnsupportedOperationError } from '../../errors/input.js';
import { isChanged, isLeased, isTaken, retryOnConflict, statusOf } from '../../service-errors.js';
import { forgetContent, forgetTaken, keepContent, type KeptContent } from './kept-content.js';
import { ATTEMPTS, type PageBlobState, type PageRequests } from './page-requests.js';

/** An ETag that no blob has, so the service returns 412. */
const NO_ETAG = '"0x0"';

/** What an upload replaces the content with. */
interface EmptyPages {
  readonly uploadId: string;
  readonly length: number;
  /** Options and metadata of `create`, for an upload that replaces the content of that snapshot. */
  readonly options: (previous: string | undefined) => PageBlobCreateOptions;
}

export interface PageClaim extends KeptContent {
  /** ETag of the pages when they were claimed. */
  readonly etag: string;
}

/** Errors after which to try again: another upload was faster. */
const overtaken = new WeakSet<object>();

/**
 * Claims the blob. What another upload left unfinished, running or dead, is taken over together with the content that it kept.
 * The other upload can then write no more pages.
 *
 * @param recovery - the same requests with a time limit instead of the caller's signal, to look at what a failure leaves
 */
export function claimPages(
  requests: PageRequests,
  recovery: () => PageRequests,
  pages: EmptyPages,
): Promise<PageClaim> {
  return retryOnConflict({
    attempts: ATTEMPTS,
    attempt: () => claimOnce(requests, recovery, pages),
    isConflict: (error) => overtaken.has(error as object),
    ...requests.plain,
  });
}

async function claimOnce(requests: PageRequests, recovery: () => PageRequests, pages: EmptyPages): Promise<PageClaim> {
  const state = await requests.state();
  const kept = await keep(requests, state, pages.uploadId).catch(async (error: unknown) => {
    if (state.kind === 'whole' && !isAnswered(error)) await forgetTaken(recovery(), pages.uploadId);
    throw error;
  });
  const { conditions, isOurOwn } = createConditions(requests, state);
  try {
    const { etag } = await requests.client.create(pages.length, {
      ...pages.options(kept.previous),
      ...requests.writing,
      conditions,
    });
    return { etag: etag as string, ...kept };
  } catch (error) {
    const claim = await afterFailure(recovery(), { error, kept, uploadId: pages.uploadId });
    if (claim !== null) return claim;
    const isOvertaken = isOurOwn && (isChanged(error) || (isTaken(error) && state.kind === 'absent'));
    if (isOvertaken && !isLeased(error)) overtaken.add(error as object);
    throw error;
  }
}

async function keep(requests: PageRequests, state: PageBlobState, uploadId: string): Promise<KeptContent> {
  // under the condition, `create` of existing content is refused
  const isRefused = requests.conditions.ifNoneMatch === '*' && hasContent(state);
  if (state.kind === 'absent' || isRefused) return { previous: undefined, isOwn: false };
  if (state.kind === 'unfinished') {
    await assertConditions(requests, state, uploadId);
    return { previous: state.upload.previous, isOwn: false };
  }
  if (state.properties.blobType !== 'PageBlob') {
    throw new UnsupportedOperationError(
      'There is a blob of another type, which could not be restored if the upload failed: delete it first, or choose another name',
    );
  }
  return { previous: await keepContent(requests, state.properties, uploadId), isOwn: true };
}

/** Whether the blob has content, or a snapshot keeps it until an upload over it is complete. */
const hasContent = (state: PageBlobState): boolean =>
  state.kind === 'whole' || (state.kind === 'unfinished' && state.upload.previous !== undefined);

/**
 * Lets the service check the caller's conditions with a snapshot that is not needed: `create` cannot have them in addition to
 * ours.
 */
async function assertConditions(
  requests: PageRequests,
  { properties }: Extract<PageBlobState, { kind: 'unfinished' }>,
  uploadId: string,
): Promise<void> {
  const { leaseId: _lease, ifNoneMatch, ...others } = requests.conditions;
  const isConditional = Object.keys(others).length > 0;
  if (!isConditional && (ifNoneMatch === undefined || ifNoneMatch === '*')) return;
  await forgetContent(requests, await keepContent(requests, properties, uploadId));
}

/** The conditions of `create`. `isOurOwn` if they fail only because something changed since the look. */
function createConditions(
  { conditions, lease }: PageRequests,
  state: PageBlobState,
): { readonly conditions: BlobRequestConditions; readonly isOurOwn: boolean } {
  const { tagConditions, ifMatch, ifNoneMatch } = conditions;
  const common = { ...lease, tagConditions };
  if (state.kind === 'absent') {
    // the look may have been wrong: under the caller's ETag, `create` would then replace content that nothing keeps
    if (ifMatch !== undefined) return { conditions: { ...common, ifMatch: NO_ETAG }, isOurOwn: false };
    return { conditions: { ...common, ifNoneMatch: '*' }, isOurOwn: ifNoneMatch !== '*' };
  }
  if (ifNoneMatch === '*' && hasContent(state)) return { conditions, isOurOwn: false };
  return { conditions: { ...common, ifMatch: state.etag }, isOurOwn: true };
}

interface CreateFailure {
  readonly error: unknown;
  readonly kept: KeptContent;
  readonly uploadId: string;
}

/**
 * Returns the claim if `create` took effect and only its response was lost. Otherwise makes sure that it can no longer take
 * effect, and removes what the attempt left.
 */
async function afterFailure(
  requests: PageRequests,
  { error, kept, uploadId }: CreateFailure,
): Promise<PageClaim | null> {
  try {
    const state = await shutOut(requests, { error, uploadId });
    if (state.kind === 'unfinished' && state.upload.id === uploadId) return { etag: state.etag, ...kept };
    const { previous, isOwn } = kept;
    const isInUse = state.kind === 'unfinished' && state.upload.previous === previous;
    if (previous !== undefined && isOwn && !isInUse) await forgetContent(requests, previous);
  } catch {
    // if the service cannot be reached, the snapshot stays, and the caller gets the error of `create`
  }
  return null;
}

/** Whether the service rejected the request. Otherwise it may have taken effect, or may still do so. */
const isAnswered = (error: unknown): boolean => (statusOf(error) ?? 500) < 500;

/** Looks at the blob after `create` failed. Without a response, the ETag is changed first, so that a late `create` fails. */
async function shutOut(
  requests: PageRequests,
  { error, uploadId }: Pick<CreateFailure, 'error' | 'uploadId'>,
): Promise<PageBlobState> {
  const { client, plain } = requests;
  return retryOnConflict({
    attempts: ATTEMPTS,
    attempt: async () => {
      const state = await requests.state();
      if (isAnswered(error) || state.kind === 'absent') return state;
      if (state.kind === 'unfinished' && state.upload.id === uploadId) return state;
      const { blobSequenceNumber = 0 } = state.properties;
      await client.updateSequenceNumber('update', blobSequenceNumber, { ...plain, ...requests.ifMatch(state.etag) });
      return state;
    },
    ...plain,
  });
}
