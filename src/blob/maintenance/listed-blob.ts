/** Blobs as a listing with metadata gives them: enough to decide what to do with each, and to write under the listed ETag. */
import type { BlobItem, ContainerClient, ContainerListBlobsOptions } from '@azure/storage-blob';
import type {
  MaintainedObject,
  MaintainedPage,
  ObjectPlace,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';

export interface ListedBlob extends MaintainedObject {
  readonly item: BlobItem;
  /** The text of the encryption data. */
  readonly text: string | undefined;
}

/** Maximum number of blobs in a page; the service's limit. */
export const MOST_IN_PAGE = 5000;
const MS_PER_DAY = 24 * 60 * 60 * 1000;
/** A listing uses this name for metadata names that it cannot show. */
const INVALID_NAME = 'x-ms-invalid-name';

export interface ListedPlaces {
  readonly snapshots: boolean;
  readonly versions: boolean;
  readonly deleted: boolean;
}

export interface Listing {
  readonly prefix?: string | undefined;
  readonly pageSize?: number | undefined;
  readonly places: ListedPlaces;
}

export async function* listedPages(
  container: ContainerClient,
  { prefix, pageSize = MOST_IN_PAGE, places }: Listing,
  { from, namesOnly = false, abortSignal }: WalkOptions,
): AsyncGenerator<MaintainedPage<ListedBlob>> {
  const options: ContainerListBlobsOptions = {
    includeMetadata: !namesOnly,
    includeSnapshots: places.snapshots,
    includeVersions: places.versions,
    includeDeleted: places.deleted,
    prefix,
    abortSignal,
  };
  const settings = { maxPageSize: pageSize, ...(from === undefined ? {} : { continuationToken: from }) };
  for await (const { segment, continuationToken } of container.listBlobsFlat(options).byPage(settings)) {
    // the SDK reads an emptied answer as a page without blobs
    if (!Array.isArray(segment.blobItems)) throw new InvalidServiceResponseError('has no list of blobs');
    const isLast = continuationToken === undefined || continuationToken === '';
    yield {
      objects: segment.blobItems.filter((item) => !isDirectory(item)).map(listedBlob),
      ...(isLast ? {} : { next: continuationToken }),
    };
  }
}

function listedBlob(item: BlobItem): ListedBlob {
  const text = encryptionDataOf(item.metadata);
  const goneOn = goneOnOf(item);
  return {
    item,
    text,
    name: item.name,
    copy: copyOf(item),
    place: placeOf(item),
    state: storedState(text),
    goneOn,
  };
}

function placeOf({ deleted, snapshot, versionId, isCurrentVersion }: BlobItem): ObjectPlace {
  // the emulator states for every blob whether it is deleted, as text
  if (String(deleted) === 'true') return 'deleted';
  if (snapshot) return 'snapshot';
  return versionId === undefined || String(isCurrentVersion) === 'true' ? 'current' : 'version';
}

/** The snapshot, or the id of a version that is not the current one. */
function copyOf(item: BlobItem): string | undefined {
  const named = [item.snapshot, placeOf(item) === 'current' ? undefined : item.versionId];
  return named.find((id) => id !== undefined && id !== '');
}

/** Accounts with a hierarchical namespace list folders as empty blobs. */
const isDirectory = ({ metadata, properties }: BlobItem): boolean =>
  metadata?.['hdi_isfolder'] === 'true' || (properties as { ResourceType?: string }).ResourceType === 'directory';

function goneOnOf({ properties: { remainingRetentionDays: days } }: BlobItem): Date | undefined {
  return days === undefined ? undefined : new Date(Date.now() + (days + 1) * MS_PER_DAY);
}

/** Whether the listing shows all of the metadata, so that it can be written back. */
export const hasAllMetadata = ({ item: { metadata } }: ListedBlob): boolean =>
  !Object.keys(metadata ?? {}).some((name) => name.toLowerCase() === INVALID_NAME);

/** The ETag in the form that conditions need: listings omit the quotes. */
export function etagOf({ item: { properties } }: ListedBlob): string {
  const { etag } = properties as { readonly etag?: string };
  if (etag === undefined || etag === '' || etag === '*')
    throw new InvalidServiceResponseError('has a blob without ETag');
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
