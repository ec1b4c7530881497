/** Whether two states of a blob have the same metadata, tags and HTTP headers, apart from what encryption adds. */
import type { BlobClient, BlobGetPropertiesResponse, Tags } from '@azure/storage-blob';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { withoutEncryptionData } from '../../wire/blob-metadata.js';
import { unmarked } from '../pages/kept-content.js';
import { carriedHeaders } from './carried-headers.js';

export interface DescribedState {
  readonly client: BlobClient;
  readonly properties: BlobGetPropertiesResponse;
}

export async function isDescribedAlike(one: DescribedState, other: DescribedState, step: Step): Promise<boolean> {
  if (textOf(one.properties) !== textOf(other.properties)) return false;
  return sorted(await tagsOf(one, step)) === sorted(await tagsOf(other, step));
}

const sorted = (members: object): string => JSON.stringify(Object.entries(members).sort());

function textOf(properties: BlobGetPropertiesResponse): string {
  const metadata = unmarked(withoutEncryptionData(properties.metadata));
  return JSON.stringify([sorted(metadata), sorted(carriedHeaders(properties))]);
}

async function tagsOf({ client, properties }: DescribedState, step: Step): Promise<Tags> {
  const { tagCount = 0 } = properties;
  if (tagCount === 0) return {};
  await step.beforeRequest();
  const { abortSignal } = step;
  return (await client.getTags({ abortSignal })).tags;
}
