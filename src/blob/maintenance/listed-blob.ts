/** Blobs as a listing with metadata gives them: enough to decide what to do with each, and to write under the listed ETag. */
import type { ContainerClient } from '@azure/storage-blob';
import type {
  MaintainedObject,
  MaintainedPage,
  ObjectPlace,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { type Facts, type ListingEntry, listingPages } from './listing-page.js';

export interface ListedBlob extends MaintainedObject {
  readonly facts: Facts;
  /** Names in the letter case in which they are stored. */
  readonly metadata: Record<string, string>;
  /** The text of the encryption data. */
  readonly text: string | undefined;
}

/** Maximum number of blobs in a page; the service's limit. */
export const MOST_IN_PAGE = 5000;
const DEFAULT_IN_PAGE = 1000;
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
  { prefix, pageSize = DEFAULT_IN_PAGE, places }: Listing,
  { from, namesOnly = false, abortSignal }: WalkOptions,
): AsyncGenerator<MaintainedPage<ListedBlob>> {
  const include = [...(namesOnly ? [] : ['metadata']), ...placesIn(places)];
  const request = { include, prefix, marker: from, pageSize, abortSignal };
  const blobOf = (entry: ListingEntry) => (isDirectory(entry) ? undefined : listedBlob(entry));
  for await (const { entries: objects, marker: next } of listingPages(container, request, blobOf)) {
    yield { objects, ...(next === '' ? {} : { next }) };
  }
}

const placesIn = (places: ListedPlaces): readonly string[] =>
  (['snapshots', 'versions', 'deleted'] as const).filter((place) => places[place]);

function listedBlob({ name, facts, metadata }: ListingEntry): ListedBlob {
  const text = encryptionDataOf(metadata);
  return {
    ...{ name, facts, metadata, text },
    copy: copyOf(facts),
    place: placeOf(facts),
    state: storedState(text),
    goneOn: goneOnOf(facts),
  };
}

export function placeOf({ Deleted, Snapshot, VersionId, IsCurrentVersion }: Facts): ObjectPlace {
  // the emulator states for every blob whether it is deleted
  if (Deleted === 'true') return 'deleted';
  if (Snapshot) return 'snapshot';
  return VersionId === undefined || IsCurrentVersion === 'true' ? 'current' : 'version';
}

/** The snapshot, or the id of a version that is not the current one. */
export function copyOf(facts: Facts): string | undefined {
  const named = [facts.Snapshot, placeOf(facts) === 'current' ? undefined : facts.VersionId];
  return named.find((id) => id !== undefined && id !== '');
}

/** Whether the listing names the version of the blob, as it does only in an account that keeps old versions. */
export const hasVersionId = ({ facts: { VersionId } }: ListedBlob): boolean =>
  VersionId !== undefined && VersionId !== '';

/** Accounts with a hierarchical namespace list folders as empty blobs with this metadata. */
export const DIRECTORY_ENTRY = 'hdi_isfolder';

const isDirectory = ({ metadata, facts }: ListingEntry): boolean =>
  metadata[DIRECTORY_ENTRY] === 'true' || facts.ResourceType === 'directory';

function goneOnOf({ RemainingRetentionDays: days }: Facts): Date | undefined {
  return days === undefined ? undefined : goneAfter(Number(days), new Date());
}

/** @param from - when the service said that so many days remain */
export const goneAfter = (days: number, from: Date): Date => new Date(from.getTime() + (days + 1) * MS_PER_DAY);

/** Whether the listing shows all of the metadata, so that it can be written back. */
export const hasAllMetadata = ({ metadata }: ListedBlob): boolean =>
  !Object.keys(metadata).some((name) => name.toLowerCase() === INVALID_NAME);

/** The ETag in the form that conditions need: listings omit the quotes. */
export function etagOf({ facts: { Etag: etag } }: ListedBlob): string {
  if (etag === undefined || etag === '' || etag === '*')
    throw new InvalidServiceResponseError('has a blob without ETag');
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
