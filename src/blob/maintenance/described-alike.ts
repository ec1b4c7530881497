/** Whether two states of a blob have the same metadata, tags and HTTP headers, apart from what encryption adds. */
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { withoutEncryptionData } from '../../wire/blob-metadata.js';
import { unmarked } from '../pages/kept-content.js';
import { carriedHeaders, type DescribedBlob, tagsOf } from './carried-description.js';

export async function isDescribedAlike(one: DescribedBlob, other: DescribedBlob, step: Step): Promise<boolean> {
  if (textOf(one.properties) !== textOf(other.properties)) return false;
  return sorted(await tagsOf(one, step)) === sorted(await tagsOf(other, step));
}

const sorted = (members: object = {}): string => JSON.stringify(Object.entries(members).sort());

function textOf(properties: BlobGetPropertiesResponse): string {
  const metadata = unmarked(withoutEncryptionData(properties.metadata));
  return JSON.stringify([sorted(metadata), sorted(carriedHeaders(properties))]);
}
