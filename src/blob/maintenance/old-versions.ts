/** An account with versioning keeps each state of a blob that a job changes, under the old key. Jobs begin only if that was accepted. */
import type { ContainerClient } from '@azure/storage-blob';
import { InvalidOptionsError } from '../../errors/input.js';
import { statusOf } from '../../service-errors.js';
import { hasVersionId, listedPages } from './listed-blob.js';

const VERSIONS = { snapshots: false, versions: true, deleted: false };
/** Blobs to look at before a job. */
const LOOK_AT = 100;
/** Statuses of a listing of versions that the account does not have, or that this identity may not see. */
const NOT_LISTED = [400, 403, 409, 501];

/** Why a job does not begin. */
export const versionsFault = (containerName: string): string =>
  `container ${containerName} keeps old versions: each changed blob leaves one under the old key. Decide how long to ` +
  'keep them, then set "acceptVersions" (--accept-versions)';

/** Whether one of the first blobs has a version. Blobs from before versioning was switched on have none. */
export async function keepsVersions(container: ContainerClient, prefix: string | undefined): Promise<boolean> {
  const listing = { prefix, pageSize: LOOK_AT, places: VERSIONS };
  try {
    for await (const { objects } of listedPages(container, listing, { everything: true, namesOnly: true })) {
      return objects.some(hasVersionId);
    }
    return false;
  } catch (error) {
    if (NOT_LISTED.includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}

interface VersionsChoice {
  readonly acceptVersions?: boolean | undefined;
  readonly context: { readonly client: { readonly containerName: string } };
}

/**
 * Ends the job at the first write whose response names a version. That write, and those in progress, each leave an old version.
 */
export function assertVersionsAccepted(
  { versionId }: { readonly versionId?: string | undefined },
  { acceptVersions = false, context }: VersionsChoice,
): void {
  if (versionId === undefined || versionId === '' || acceptVersions) return;
  throw new InvalidOptionsError([versionsFault(context.client.containerName)]);
}
