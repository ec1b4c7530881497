/**
 * What a listing keeps back: the metadata of blobs under a customer-provided key, so that the encryption data is read from each of them.
 * Without that key nobody knows which key of ours they need.
 */
import type { BlobClient } from '@azure/storage-blob';
import type { WalkOptions } from '../../envelope/maintenance/maintained.js';
import { resultOf } from '../../envelope/maintenance/outcome.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { isForbidden, isMissing } from '../../service-errors.js';
import { boundedMap } from '../../streams/bounded-map.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { BlobMaintenanceOptions } from './blob-maintenance-options.js';
import { isKeptBack, type ListedBlob, type ListedPage } from './listed-blob.js';

interface Revealing extends Pick<BlobMaintenanceOptions, 'customerProvidedKey'> {
  readonly walk: WalkOptions;
  readonly clientOf: (blob: ListedBlob) => BlobClient;
}

const CONCURRENCY = 16;

/** The page with the encryption data of all its blobs, as far as it can be read, and without those that have been deleted since. */
export async function revealed(page: ListedPage, revealing: Revealing): Promise<ListedPage> {
  const { walk, customerProvidedKey } = revealing;
  const { objects } = page;
  if (walk.namesOnly === true || customerProvidedKey === undefined || !objects.some(isToReveal)) return page;
  const found = await boundedMap(objects, CONCURRENCY, async (blob) =>
    isToReveal(blob) ? look(blob, revealing) : blob,
  );
  return { ...page, objects: found.filter((blob) => blob !== null) };
}

/** A deleted blob cannot be read. */
const isToReveal = (blob: ListedBlob): boolean => isKeptBack(blob) && blob.place !== 'deleted';

async function look(blob: ListedBlob, { walk, clientOf, customerProvidedKey }: Revealing): Promise<ListedBlob | null> {
  const { abortSignal, beforeRequest } = walk;
  await beforeRequest?.();
  try {
    const { metadata } = await clientOf(blob).getProperties({ abortSignal, customerProvidedKey });
    const text = encryptionDataOf(metadata);
    return { ...blob, text, state: storedState(text) };
  } catch (error) {
    if (isMissing(error)) return null;
    // another key, for example
    if (isForbidden(error) || resultOf(error) !== null) return blob;
    throw error;
  }
}
