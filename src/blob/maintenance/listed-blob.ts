/** Blobs as a listing with metadata gives them: enough to decide what to do with each, and to write under the listed ETag. */
import type { ContainerClient } from '@azure/storage-blob';
import { MS_PER_DAY } from '../../clock.js';
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

export interface ListedBlob extends MaintainedObject, ListingEntry {
  /** The text of the encryption data. */
  readonly text: string | undefined;
}

/** Maximum number of blobs in a page; the service's limit. */
export const MOST_IN_PAGE = 5000;
const DEFAULT_IN_PAGE = 1000;
/** A listing uses this name for metadata names that it cannot show. */
const INVALID_NAME = 'x-ms-invalid-name';

export interface ListedPlaces {
  readonly snapshots: boolean;
  readonly versions: boolean;
  readonly deleted: boolean;
}

interface Listing {
  readonly prefix?: string | undefined;
  readonly pageSize?: number | undefined;
  readonly places: ListedPlaces;
}

export interface ListedPage extends MaintainedPage<ListedBlob> {
  /** Whether this or an earlier page has a deleted folder, which may have contained any blobs. */
  readonly hasDeletedDirectory: boolean;
}

export async function* listedPages(
  container: ContainerClient,
  { prefix, pageSize = DEFAULT_IN_PAGE, places }: Listing,
  { from, namesOnly = false, abortSignal }: WalkOptions,
): AsyncGenerator<ListedPage> {
  const kept = (['snapshots', 'versions', 'deleted'] as const).filter((place) => places[place]);
  const include = [...(namesOnly ? [] : ['metadata']), ...kept];
  const request = { include, prefix, marker: from, pageSize, abortSignal };
  let hasDeletedDirectory = false;
  const blobOf = (entry: ListingEntry): ListedBlob | undefined => {
    if (!isDirectory(entry)) return listedBlob(entry);
    hasDeletedDirectory ||= entry.facts.Deleted === 'true';
    return undefined;
  };
  for await (const { entries: objects, marker: next } of listingPages(container, request, blobOf)) {
    yield { objects, hasDeletedDirectory, next: next === '' ? undefined : next };
  }
}

function listedBlob({ name, facts, metadata }: ListingEntry): ListedBlob {
  const text = encryptionDataOf(metadata);
  return {
    name,
    facts,
    metadata,
    text,
    copy: copyOf(facts),
    place: placeOf(facts),
    isOfPages: ofPages(facts.BlobType),
    state: isKeptBack({ facts, metadata }) ? { kind: 'damaged' } : storedState(text),
    goneOn: goneAfter(facts.RemainingRetentionDays, new Date()),
  };
}

export function placeOf({ Deleted, Snapshot, VersionId, IsCurrentVersion }: Facts): ObjectPlace {
  // the emulator states for every blob whether it is deleted
  if (Deleted === 'true') return 'deleted';
  if (Snapshot) return 'snapshot';
  return VersionId === undefined || IsCurrentVersion === 'true' ? 'current' : 'version';
}

/** Only page blobs are marked, so that all others are alike. */
export const ofPages = (blobType: string | undefined): true | undefined => blobType === 'PageBlob' || undefined;

/** The snapshot, or the id of a version that is not the current one. */
export function copyOf(facts: Facts): string | undefined {
  const named = [facts.Snapshot, placeOf(facts) === 'current' ? undefined : facts.VersionId];
  return named.find((id) => id !== undefined && id !== '');
}

/** Whether the listing names the version of the blob, as it does only in an account that keeps old versions. */
export const hasVersionId = ({ facts: { VersionId } }: ListedBlob): boolean =>
  VersionId !== undefined && VersionId !== '';

/** Accounts with a hierarchical namespace list folders as empty blobs with this metadata. */
const DIRECTORY_ENTRY = 'hdi_isfolder';

/** What distinguishes a folder from a blob. */
interface DirectoryMarks {
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether the service says so. */
  readonly isCalledSo: boolean;
  /** Bytes of content, as text, if known. */
  readonly length: string | undefined;
}

/** Anyone who writes a blob can mark it as a folder, so one with content or encryption data still counts as a blob. */
export const isDirectoryEntry = ({ metadata, isCalledSo, length }: DirectoryMarks): boolean =>
  encryptionDataOf(metadata) === undefined &&
  (isCalledSo || (metadata[DIRECTORY_ENTRY] === 'true' && Number(length ?? 0) === 0));

const isDirectory = ({ metadata, facts }: ListingEntry): boolean =>
  isDirectoryEntry({ metadata, isCalledSo: facts.ResourceType === 'directory', length: facts['Content-Length'] });

/**
 * @param days - that remain, as text
 * @param from - when the service said so
 * @returns `undefined` if it is not known
 */
export const goneAfter = (days: string | undefined, from: Date): Date | undefined =>
  /^\d{1,4}$/.test(days ?? '') ? new Date(from.getTime() + (Number(days) + 1) * MS_PER_DAY) : undefined;

/** Whether the listing has no metadata of the blob because it is under a key that each request has to provide. */
export const isKeptBack = ({ facts, metadata }: Pick<ListedBlob, 'facts' | 'metadata'>): boolean =>
  (facts.CustomerProvidedKeySha256 ?? '') !== '' && Object.keys(metadata).length === 0;

/** Whether the listing shows all of the metadata, so that it can be written back. */
export const hasAllMetadata = (blob: ListedBlob): boolean =>
  !isKeptBack(blob) && !Object.keys(blob.metadata).some((name) => name.toLowerCase() === INVALID_NAME);

/** The ETag in the form that conditions need: listings omit the quotes. */
export function etagOf({ facts: { Etag: etag } }: ListedBlob): string {
  if (etag === undefined || etag === '' || etag === '*')
    throw new InvalidServiceResponseError('has a blob without ETag');
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
