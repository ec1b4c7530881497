/**
 * The content that an upload of pages replaces, kept in a snapshot until the new content is complete. The snapshot has the blob's
 * metadata and an entry `azcsekept`, which distinguishes one left by a process that died from the application's own.
 */
import { setTimeout } from 'node:timers/promises';
import type { BlobGetPropertiesResponse, Metadata } from '@azure/storage-blob';
import { newSequenceNumber } from '../../crypto/bytes.js';
import { isLeased, isMissing, retryOnConflict, isChanged, serviceCodeOf } from '../../service-errors.js';
import { metadataLength, METADATA_LIMIT } from '../../wire/blob-metadata.js';
import { ATTEMPTS, type PageRequests } from './page-requests.js';

/** Metadata entry of the snapshots that uploads take. */
const KEPT_ENTRY = 'azcsekept';
/** Milliseconds between two checks of a copy that the service has not completed. */
const COPY_INTERVAL = 500;

/** The content that an upload replaces. */
export interface KeptContent {
  /** The snapshot of it, if there was any. */
  readonly previous: string | undefined;
  /** Whether the upload took it. Otherwise it comes from an upload that was taken over. */
  readonly isOwn: boolean;
}

/** Takes the snapshot, under the caller's conditions. Errors of the service pass through unchanged. */
export async function keepContent(
  requests: PageRequests,
  current: BlobGetPropertiesResponse,
  uploadId: string,
): Promise<string> {
  const named = await requests.namedMetadata(current);
  const marked = { ...named, [KEPT_ENTRY]: uploadId };
  const { snapshot } = await requests.client.createSnapshot({
    ...requests.writing,
    conditions: requests.conditions,
    // without metadata, the snapshot would get the blob's, without the mark
    ...(named !== null && metadataLength(marked) <= METADATA_LIMIT ? { metadata: marked } : {}),
  });
  return snapshot as string;
}

/** The metadata of a kept snapshot without its mark. */
export function unmarked({ [KEPT_ENTRY]: _mark, ...metadata }: Record<string, string>): Record<string, string> {
  return metadata;
}

/** Deletes the snapshot of an upload. Nothing depends on it any more, so a failure is left to the next upload. */
export async function forgetContent(requests: PageRequests, snapshot: string): Promise<void> {
  const { client, plain } = requests.of(snapshot);
  try {
    await client.delete(plain);
  } catch (error) {
    if (isLeased(error)) await client.delete({ ...plain, conditions: requests.lease }).catch(() => undefined);
  }
}

/**
 * Deletes the snapshot that an upload kept, and older ones left by uploads whose process died. All of them are useless once a
 * later upload has claimed the blob and is complete. The application's own snapshots are not marked, and stay.
 */
export async function forgetPrevious(requests: PageRequests, { previous, isOwn }: KeptContent): Promise<void> {
  if (previous === undefined) return;
  if (isOwn) await forgetContent(requests, previous);
  await forgetMarked(requests, (snapshot) => snapshot <= previous);
}

/** Deletes only this snapshot. If the new content is or comes from what was stored, an older one may be the only good copy. */
export async function forgetKept(requests: PageRequests, { previous, isOwn }: KeptContent): Promise<void> {
  if (previous === undefined) return;
  if (isOwn) await forgetContent(requests, previous);
  else await forgetMarked(requests, (snapshot) => snapshot === previous);
}

/**
 * Deletes the snapshots of an upload that failed before it claimed the blob: one may have been taken although its response was
 * lost.
 */
export const forgetTaken = (requests: PageRequests, uploadId: string): Promise<void> =>
  forgetMarked(requests, (_snapshot, mark) => mark === uploadId);

async function forgetMarked(
  requests: PageRequests,
  isUseless: (snapshot: string, mark: string) => boolean,
): Promise<void> {
  const all = await requests.snapshots().catch(() => []);
  for (const [snapshot, { metadata }] of all) {
    const mark = metadata?.[KEPT_ENTRY];
    if (mark !== undefined && isUseless(snapshot, mark)) await forgetContent(requests, snapshot);
  }
}

interface Restoring {
  /** Id of the upload whose unfinished pages are replaced. */
  readonly uploadId: string;
  readonly snapshot: string;
  /** The encryption data that the blob has until it is complete. */
  readonly unfinished: Metadata;
}

/**
 * Copies the snapshot back over the pages of a failed upload, unless the blob belongs to another upload by now. Late page writes
 * are blocked first. The encryption data is restored last, when the copy is complete.
 */
export async function restoreContent(requests: PageRequests, restoring: Restoring): Promise<void> {
  await retryOnConflict({
    attempts: ATTEMPTS,
    attempt: () => restoreOnce(requests, restoring),
    isConflict: (error) => isChanged(error) || serviceCodeOf(error) === 'PendingCopyOperation',
    ...requests.plain,
  });
}

async function restoreOnce(requests: PageRequests, { uploadId, snapshot, unfinished }: Restoring): Promise<void> {
  const { client, plain } = requests;
  const found = await unfinishedEtag(requests, uploadId);
  if (found === null) return;
  const kept = requests.of(snapshot);
  const properties = await kept.client.getProperties(plain);
  const tags = await tagsOf(kept, properties);

  // a number that no page write has
  const number = newSequenceNumber();
  const shut = await client.updateSequenceNumber('update', number, { ...plain, ...requests.ifMatch(found) });
  await client.beginCopyFromURL(kept.client.url, {
    ...plain,
    ...requests.ifMatch(shut.etag as string),
    metadata: unfinished,
    tags,
  });
  const copied = await copiedEtag(requests, uploadId);
  if (copied === null) return;
  // content is worth more than the letter case of names
  const metadata = unmarked((await kept.namedMetadata(properties)) ?? properties.metadata ?? {});
  await client.setMetadata(metadata, { ...requests.writing, ...requests.ifMatch(copied) });
}

/** ETag of the pages of that upload; `null` if they no longer exist. */
async function unfinishedEtag(requests: PageRequests, uploadId: string): Promise<string | null> {
  const state = await requests.state();
  return state.kind === 'unfinished' && state.upload.id === uploadId ? state.etag : null;
}

/** The same, after the service has completed the copy. Within an account this is usually immediate. */
async function copiedEtag(requests: PageRequests, uploadId: string): Promise<string | null> {
  for (;;) {
    const state = await requests.state();
    if (state.kind !== 'unfinished' || state.upload.id !== uploadId) return null;
    const { copyStatus, copyStatusDescription } = state.properties;
    if (copyStatus === 'success') return state.etag;
    if (copyStatus !== 'pending') throw new Error(`The copy ended as ${copyStatus}: ${copyStatusDescription}`);
    await setTimeout(COPY_INTERVAL);
  }
}

async function tagsOf({ client, plain }: PageRequests, { tagCount }: BlobGetPropertiesResponse) {
  if (tagCount === undefined || tagCount === 0) return undefined;
  return (await client.getTags(plain)).tags;
}

/** Deletes the unfinished pages of an upload that replaced nothing, unless the blob belongs to another upload by now. */
export async function removePages(requests: PageRequests, uploadId: string): Promise<void> {
  const removeOnce = async (): Promise<void> => {
    const found = await unfinishedEtag(requests, uploadId);
    if (found !== null) await requests.client.delete({ ...requests.plain, ...requests.ifMatch(found) });
  };
  await retryOnConflict({ attempts: ATTEMPTS, attempt: removeOnce, ...requests.plain }).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
